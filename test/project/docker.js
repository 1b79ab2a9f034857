/**
 * Replaces docker, because a machine may have no engine: writes its call to the file in CALLS, and for
 * `run` starts the built source with the same arguments, each mount's name put back to that of its folder or file.
 * `npm run image` tests that an image can be built and started.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../bin/source-zendesk-chat.js', import.meta.url));
const [command, ...words] = process.argv.slice(2);
const { CALLS: calls } = process.env;
if (calls !== undefined) appendFileSync(calls, `docker ${[command, ...words].join(' ')}\n`);
if (command === 'run') {
  const image = words.findIndex((word) => word.includes('source-zendesk-chat:'));
  const mounts = words
    .filter((_word, index) => ['-v', '--volume'].includes(words[index - 1]))
    .map((mount) => mount.split(':'));
  const args = words.slice(image + 1).map((word) => {
    const [from, to] = mounts.find((mount) => word.startsWith(mount[1])) ?? ['', ''];
    return word.replace(to, from);
  });
  process.exitCode =
    spawnSync(process.execPath, [source, ...args], { stdio: 'inherit' }).status ?? 1;
}
