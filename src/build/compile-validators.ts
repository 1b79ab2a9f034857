/** The last step of `npm run build`. */
import { writeValidators } from './validators.ts';

await writeValidators(new URL('../validators/', import.meta.url));
