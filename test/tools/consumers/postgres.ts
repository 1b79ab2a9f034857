/** A separate PostgreSQL server on loopback with an empty database. Its files are removed when it stops. */
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { startLocalServer } from '../../support/local-server.ts';
import { runProgram, runWell, startProgram } from './programs.ts';
import type { ChildProcess } from 'node:child_process';

export interface Postgres {
  readonly host: string;
  readonly port: number;
  /** Without a password. */
  readonly user: string;
  readonly database: string;
  readonly stop: () => Promise<void>;
}

/** `undefined`: the user who runs the harness. */
type Owner = { uid: number; gid: number } | undefined;

const host = '127.0.0.1';
const user = 'consumer';

/** Nothing is kept longer than a run, so nothing has to survive a power cut. */
const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/** Where packages of Debian, Red Hat and Homebrew put the server's programs, and the PATH. */
const places = [
  '/usr/lib/postgresql/*/bin/initdb',
  '/usr/pgsql-*/bin/initdb',
  '/opt/homebrew/opt/postgresql*/bin/initdb',
  '/usr/local/opt/postgresql*/bin/initdb',
  '"$(command -v initdb)"',
];

/** @returns the folder with initdb and postgres */
async function findPrograms(): Promise<string> {
  // If the path contains a link, the server's other programs are at its target.
  const script = `for file in ${places.join(' ')}; do [ -x "$file" ] && readlink -f "$file"; done`;
  const { stdout } = await runProgram('sh', ['-c', script]);
  const found = stdout.trim().split('\n').at(-1);
  if (found) return dirname(found);
  throw new Error(
    'There is no PostgreSQL server. Install one (Debian, Ubuntu: apt-get install postgresql).',
  );
}

/** @returns PostgreSQL refuses to run as root */
async function findOwner(): Promise<Owner> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all(['-u', '-g'].map((flag) => runProgram('id', [flag, name])));
    const [uid, gid] = ids.map(({ code, stdout }) => (code === 0 ? Number(stdout) : 0));
    if (uid && gid) return { uid, gid };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody.');
}

async function freePort() {
  const server = await startLocalServer(() => {});
  await server.close();
  return new URL(server.origin).port;
}

/** @returns once it takes connections */
async function untilReady(server: ChildProcess): Promise<void> {
  await new Promise((resolve, reject) => {
    let said = '';
    server.stderr?.setEncoding('utf8').on('data', (text) => {
      said = `${said}${text}`.slice(-4000);
      if (said.includes('database system is ready to accept connections')) resolve(undefined);
    });
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`PostgreSQL does not start: ${said}`)));
  });
}

async function ownFolder(folder: string, owner: Owner) {
  await mkdir(join(folder, 'socket'));
  if (owner === undefined) return;
  // Every folder above the data must be open to the server's user.
  await chmod(folder, 0o755);
  for (const path of [folder, join(folder, 'socket')]) await chown(path, owner.uid, owner.gid);
}

export async function startPostgres(): Promise<Postgres> {
  const programs = await findPrograms();
  const owner = await findOwner();
  const folder = await mkdtemp(join(tmpdir(), 'consumers-postgres-'));
  const options = { ...owner, cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C' } };
  try {
    await ownFolder(folder, owner);
    const data = join(folder, 'data');
    const form = ['--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    const initdb = join(programs, 'initdb');
    await runWell(initdb, ['-D', data, '--username', user, ...form], options);
    const port = await freePort();
    const where = ['-D', data, '-p', port, '-h', host, '-k', join(folder, 'socket')];
    const how = settings.flatMap((setting) => ['-c', setting]);
    const server = startProgram(join(programs, 'postgres'), [...where, ...how], options);
    await untilReady(server);
    const stop = async () => {
      const exited = once(server, 'exit');
      // The fast shutdown, which disconnects all clients.
      if (server.exitCode === null && server.kill('SIGINT')) await exited;
      await rm(folder, { recursive: true, force: true });
    };
    return { host, port: Number(port), user, database: 'postgres', stop };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
