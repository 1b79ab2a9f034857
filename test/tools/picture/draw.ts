/** `npm run picture`: runs the demo and draws its output, up to the end of the second run, as docs/demo.svg. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { terminalSvg } from './terminal-svg.ts';

const root = new URL('../../../', import.meta.url);
const program = fileURLToPath(new URL('bin/zendesk-chat-sandbox.js', root));

const folder = await mkdtemp(join(tmpdir(), 'picture-'));
try {
  // One pipe for both streams keeps their lines in order.
  const script = 'exec "$0" "$1" demo 2>&1';
  const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath, program], {
    cwd: folder,
  });
  // On a terminal the log has no time.
  const lines = stdout.replaceAll(/^([A-Z]+) \d{4}-\S+Z /gm, '$1 ').split('\n');
  const end = lines.findLastIndex((line) => line.startsWith('INFO ')) + 1;
  await writeFile(new URL('docs/demo.svg', root), terminalSvg('npm run demo', lines.slice(0, end)));
} finally {
  await rm(folder, { recursive: true });
}
