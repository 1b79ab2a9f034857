/** A copy of the built program, so that a soak of hours does not notice who builds meanwhile. */
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const top = fileURLToPath(new URL('../..', import.meta.url));

/**
 * @typedef {object} Program
 * @property {string} path Of the tap.
 * @property {typeof import('../../dist/sandbox/server.js').startSandbox} startSandbox
 * @property {() => Promise<void>} remove
 */

/** @returns {Promise<Program>} */
export async function copyProgram() {
  const folder = await mkdtemp(join(tmpdir(), 'tap-soak-program-'));
  for (const name of ['dist', 'bin', 'schemas', 'package.json']) {
    await cp(join(top, name), join(folder, name), { recursive: true });
  }
  await symlink(join(top, 'node_modules'), join(folder, 'node_modules'));
  const { startSandbox } = await import(
    pathToFileURL(join(folder, 'dist', 'sandbox', 'server.js')).href
  );
  return {
    path: join(folder, 'bin', 'tap-zendesk-chat.js'),
    startSandbox,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
