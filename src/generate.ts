/** `npm run generate`: writes what follows from the schemas and the table of streams. */
import { generate } from './generate/files.ts';

process.exitCode = await generate({
  argv: process.argv.slice(2),
  root: new URL('../', import.meta.url),
  write: (line) => process.stdout.write(line),
});
