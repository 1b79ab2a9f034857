/** `npm run generate`: writes the files that are generated from the schemas and the table of streams. */
import { writeFile } from 'node:fs/promises';

import { generatedFiles } from './generated-files.ts';

const root = new URL('../../', import.meta.url);
for (const { path, text } of await generatedFiles(root)) await writeFile(new URL(path, root), text);
