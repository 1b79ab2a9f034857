/** The last step of `npm run build`. */
import { writeValidators } from './generate/validators.ts';

await writeValidators(new URL('validators/', import.meta.url));
