/** A Meltano project of its own: the plugin added from the packaged definition, and targets to load into. */
import { deepEqual } from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runProgram, runWell } from './programs.js';
import { tapProgram } from './singer.js';
import { consumerEnv } from './stage.js';

/** @typedef {import('./stage.js').Stage} Stage */
/** @typedef {import('./stage.js').Sandbox} Sandbox */
/** @typedef {import('./stored.js').Tables} Tables */
/** @typedef {import('./programs.js').Ended} Ended */

/** The definition as the package ships it. */
export const definition = fileURLToPath(new URL('../../meltano.plugin.yml', import.meta.url));

export const tap = 'tap-zendesk-chat';

/**
 * @typedef {object} Project
 * @property {string} output Where target-jsonl writes.
 * @property {string} pidFile Holds the pid of the tap that was started last.
 * @property {(argv: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Ended>} meltano
 * @property {(argv: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Ended>} well Raises unless it ends with 0.
 * @property {(target: string) => Promise<Record<string, any>>} state What is stored for the tap into a target.
 * @property {() => readonly string[]} calls What anything asked a proxy for, to leave the machine.
 * @property {(lines: string) => Promise<string>} shell Runs lines of a shell; `npm` knows where the package is.
 * @property {() => void} end
 */

/** A proxy that lets nobody out, and notes who wanted to. */
async function startWall() {
  /** @type {string[]} */
  const calls = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      calls.push(bytes.toString('latin1').split('\r\n')[0] ?? '');
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}`, calls: () => calls, end: () => server.close() };
}

/** @param {string} name */
function setting(name) {
  return { name };
}

/** @param {Stage} stage */
async function loaders(stage) {
  const { host, port, user, database } = await stage.postgres();
  const jsonl = await stage.environment('target-jsonl');
  const postgres = await stage.environment('target-postgres-meltanolabs');
  const where = { host, port, user, password: 'none', database, default_target_schema: 'meltano' };
  const files = { destination_path: 'output', do_timestamp_file: false };
  return [
    {
      name: 'target-jsonl',
      namespace: 'target_jsonl',
      executable: jsonl.command('target-jsonl'),
      settings: Object.keys(files).map(setting),
      config: files,
    },
    {
      name: 'target-postgres',
      namespace: 'target_postgres',
      executable: postgres.command('target-postgres'),
      settings: Object.keys(where).map(setting),
      config: where,
    },
  ];
}

/**
 * The tap as it is found on the PATH of whoever has installed it; it leaves its pid.
 *
 * @param {string} folder
 * @param {string} pidFile
 */
async function installTap(folder, pidFile) {
  await mkdir(folder);
  const options = { mode: 0o755 };
  const lines = `echo $$ > "${pidFile}"\nexec "${tapProgram}" "$@"`;
  await writeFile(join(folder, tap), `#!/bin/sh\n${lines}\n`, options);
  // To `npm root --global`; the package is in the folder it answers with.
  const packages = join(folder, 'packages');
  await writeFile(join(folder, 'npm'), `#!/bin/sh\necho "${packages}"\n`, options);
  await mkdir(packages);
  await symlink(dirname(definition), join(packages, tap));
}

/**
 * @param {Sandbox} sandbox
 * @param {string} folder
 * @param {{ url: string }} wall
 * @param {string} program Meltano.
 * @returns {NodeJS.ProcessEnv}
 */
function projectEnv(sandbox, folder, wall, program) {
  const env = consumerEnv(folder, sandbox);
  const { subdomain, access_token: token, start_date: start } = sandbox.config;
  return {
    ...env,
    PATH: [join(folder, 'bin'), dirname(program), env['PATH']].join(delimiter),
    NO_COLOR: '1',
    MELTANO_CLI_DISABLE_VERSION_CHECK: 'true',
    TAP_ZENDESK_CHAT_SUBDOMAIN: subdomain,
    TAP_ZENDESK_CHAT_ACCESS_TOKEN: token,
    TAP_ZENDESK_CHAT_START_DATE: start,
    HTTP_PROXY: wall.url,
    HTTPS_PROXY: wall.url,
    ALL_PROXY: wall.url,
    NO_PROXY: '127.0.0.1',
  };
}

/**
 * @param {Stage} stage
 * @param {string} folder
 */
async function writeProject(stage, folder) {
  await mkdir(join(folder, 'output'));
  const project = {
    default_environment: 'dev',
    send_anonymous_usage_stats: false,
    environments: [{ name: 'dev' }],
    plugins: { loaders: await loaders(stage) },
  };
  // JSON is YAML.
  await writeFile(join(folder, 'meltano.yml'), JSON.stringify(project, null, 2));
}

/**
 * @param {string} program Meltano.
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} own
 * @returns {Pick<Project, 'meltano' | 'well'>}
 */
function commandsOf(program, folder, own) {
  /** @type {Project['meltano']} */
  const meltano = (argv, env = {}) =>
    runProgram(program, argv, { cwd: folder, env: { ...own, ...env }, timeoutMs: 120_000 });
  return {
    meltano,
    well: async (argv, env = {}) => {
      const ended = await meltano(argv, env);
      if (ended.code === 0) return ended;
      const said = `${ended.stdout}${ended.stderr}`.slice(-3000);
      throw new Error(`meltano ${argv.join(' ')} ended with ${ended.code}:\n${said}`);
    },
  };
}

/**
 * @param {Stage} stage
 * @param {Sandbox} sandbox
 * @param {string} from Path of the tap's definition.
 * @returns {Promise<Project>}
 */
async function openProject(stage, sandbox, from) {
  const { command } = await stage.environment('meltano');
  const folder = await stage.folder();
  const pidFile = join(folder, 'pid');
  await installTap(join(folder, 'bin'), pidFile);
  await writeProject(stage, folder);
  const wall = await startWall();
  const program = command('meltano');
  const env = projectEnv(sandbox, folder, wall, program);
  const { meltano, well } = commandsOf(program, folder, env);
  await well(['add', '--no-install', '--plugin-type', 'extractor', tap, '--from-ref', from]);
  const state = async (/** @type {string} */ target) => {
    const { stdout } = await well(['state', 'get', `dev:${tap}-to-${target}`]);
    return JSON.parse(stdout).singer_state;
  };
  const shell = (/** @type {string} */ lines) =>
    runWell('bash', ['-eu', '-c', lines], { cwd: folder, env });
  const { calls, end } = wall;
  return { output: join(folder, 'output'), pidFile, meltano, well, state, shell, calls, end };
}

/**
 * @param {Stage} stage
 * @param {import('./stage.js').SandboxOptions} options
 * @param {(project: Project, sandbox: Sandbox) => Promise<string>} use
 */
export async function inProject(stage, options, use) {
  const sandbox = await stage.account(options);
  return inProjectOf(stage, sandbox, definition, (project) => use(project, sandbox));
}

/**
 * @param {Stage} stage
 * @param {Sandbox} sandbox
 * @param {string} from Path of the tap's definition.
 * @param {(project: Project) => Promise<string>} use
 */
export async function inProjectOf(stage, sandbox, from, use) {
  const project = await openProject(stage, sandbox, from);
  try {
    const told = await use(project);
    deepEqual(project.calls(), [], 'attempts to reach another network');
    return told;
  } finally {
    project.end();
  }
}

/**
 * What target-jsonl has written since the last time.
 *
 * @param {Project} project
 * @returns {Promise<Tables>}
 */
export async function takeFiles({ output }) {
  /** @type {Record<string, Record<string, unknown>[]>} */
  const tables = {};
  for (const file of await readdir(output)) {
    const text = await readFile(join(output, file), 'utf8');
    const lines = text.split('\n').filter((line) => line !== '');
    tables[file.replace('.jsonl', '')] = lines.map((line) => JSON.parse(line));
    await rm(join(output, file));
  }
  return tables;
}
