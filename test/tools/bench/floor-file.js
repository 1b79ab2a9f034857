/**
 * The floor from files: read, parse, print. It selects, coerces and checks nothing.
 *
 *   node test/tools/bench/launch.js test/tools/bench/floor-file.js READING
 */
import { readPages } from './read-pages.js';
import { writeLines } from './write-lines.js';

const reading = JSON.parse(process.argv[2] ?? '');
for await (const page of readPages(reading)) {
  const body = JSON.parse(page.toString('utf8'));
  await writeLines(Array.isArray(body) ? body : body.chats);
}
