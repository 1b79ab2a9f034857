/** The last step of `npm run build`. */
import { writeValidators } from './write-validators.ts';

await writeValidators(new URL('../validators/', import.meta.url));
