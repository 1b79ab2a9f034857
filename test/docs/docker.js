/**
 * Stands in for docker, since an engine cannot be counted on: notes its call in the file named by CALLS, and for
 * `run` starts the built source with the same arguments, the mounted folder's name put in place of the mount.
 * What this cannot show, an image that is built and starts, `npm run image` does.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../bin/source-zendesk-chat.js', import.meta.url));
const [command, ...words] = process.argv.slice(2);
appendFileSync(process.env.CALLS, `docker ${[command, ...words].join(' ')}\n`);
if (command === 'run') {
  const image = words.findIndex((word) => word.startsWith('source-zendesk-chat:'));
  const volume = words[words.indexOf('--volume') + 1] ?? '';
  const [folder, mount] = volume.split(':');
  const args = words
    .slice(image + 1)
    .map((word) =>
      mount !== undefined && word.startsWith(mount) ? word.replace(mount, folder) : word,
    );
  process.exitCode =
    spawnSync(process.execPath, [source, ...args], { stdio: 'inherit' }).status ?? 1;
}
