/** A separate Meltano project, with the plugin from the packaged definition and with targets. */
import { deepEqual } from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startLocalServer } from '../../support/local-server.ts';
import { runProgram, runWell } from './programs.ts';
import { tapProgram } from './singer.ts';
import { consumerEnv } from './stage.ts';
import type { Sandbox, SandboxOptions, Stage } from './stage.ts';
import type { Tables } from './stored.ts';
import type { Answer, Ended } from './programs.ts';

/** The definition as the package ships it. */
export const definition = fileURLToPath(new URL('../../../meltano.plugin.yml', import.meta.url));

export const tap = 'tap-zendesk-chat';

export interface Project {
  /** Where target-jsonl writes. */
  readonly output: string;
  /** Contains the pid of the last started tap. */
  readonly pidFile: string;
  readonly meltano: (argv: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Ended>;
  /** Raises unless it ends with 0. */
  readonly well: (argv: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Ended>;
  /** The stored state of the tap and a target. */
  readonly state: (target: string) => Promise<Answer>;
  /** The requests that a program sent to the proxy. */
  readonly calls: () => readonly string[];
  /** Runs lines of a shell; `npm` knows where the package is. */
  readonly shell: (lines: string) => Promise<string>;
  readonly end: () => Promise<void>;
}

/** A proxy that rejects all requests and records them. */
async function startWall() {
  const calls: string[] = [];
  const wall = await startLocalServer((request, response) => {
    calls.push(request.url ?? '');
    response.destroy();
  });
  wall.server.on('connect', (request, socket) => {
    calls.push(request.url ?? '');
    socket.destroy();
  });
  return { url: wall.origin, calls: () => calls, end: () => wall.close() };
}

async function loaders(stage: Stage) {
  const { host, port, user, database } = await stage.postgres();
  const loader = async (name: string, consumer: string, config: object) => ({
    name,
    namespace: name.replace('-', '_'),
    executable: (await stage.environment(consumer)).command(name),
    settings: Object.keys(config).map((setting) => ({ name: setting })),
    config,
  });
  const files = { destination_path: 'output', do_timestamp_file: false };
  const where = { host, port, user, password: 'none', database, default_target_schema: 'meltano' };
  return [
    await loader('target-jsonl', 'target-jsonl', files),
    await loader('target-postgres', 'target-postgres-meltanolabs', where),
  ];
}

/** The installed tap on the PATH, which writes its pid to a file. */
async function installTap(folder: string, pidFile: string) {
  await mkdir(folder);
  const options = { mode: 0o755 };
  const lines = `echo $$ > "${pidFile}"\nexec "${tapProgram}" "$@"`;
  await writeFile(join(folder, tap), `#!/bin/sh\n${lines}\n`, options);
  // The result of `npm root --global`: the folder that contains the package.
  const packages = join(folder, 'packages');
  await writeFile(join(folder, 'npm'), `#!/bin/sh\necho "${packages}"\n`, options);
  await mkdir(packages);
  await symlink(dirname(definition), join(packages, tap));
}

/** @param program Meltano. */
function projectEnv(
  sandbox: Sandbox,
  folder: string,
  wall: { url: string },
  program: string,
): NodeJS.ProcessEnv {
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

async function writeProject(stage: Stage, folder: string) {
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

/** @param from Path of the tap's definition. */
async function openProject(stage: Stage, sandbox: Sandbox, from: string): Promise<Project> {
  const { command } = await stage.environment('meltano');
  const folder = await stage.folder();
  const pidFile = join(folder, 'pid');
  await installTap(join(folder, 'bin'), pidFile);
  await writeProject(stage, folder);
  const wall = await startWall();
  const program = command('meltano');
  const env = projectEnv(sandbox, folder, wall, program);
  const meltano: Project['meltano'] = (argv, more = {}) =>
    runProgram(program, argv, { cwd: folder, env: { ...env, ...more }, timeoutMs: 120_000 });
  const well: Project['well'] = async (argv, more) => {
    const ended = await meltano(argv, more);
    if (ended.code === 0) return ended;
    const said = `${ended.stdout}${ended.stderr}`.slice(-3000);
    throw new Error(`meltano ${argv.join(' ')} ended with ${ended.code}:\n${said}`);
  };
  await well(['add', '--no-install', '--plugin-type', 'extractor', tap, '--from-ref', from]);
  const state = async (target: string) => {
    const { stdout } = await well(['state', 'get', `dev:${tap}-to-${target}`]);
    return JSON.parse(stdout).singer_state;
  };
  const shell = (lines: string) => runWell('bash', ['-eu', '-c', lines], { cwd: folder, env });
  const { calls, end } = wall;
  return { output: join(folder, 'output'), pidFile, meltano, well, state, shell, calls, end };
}

export async function inProject(
  stage: Stage,
  options: SandboxOptions,
  use: (project: Project, sandbox: Sandbox) => Promise<string>,
): Promise<string> {
  const sandbox = await stage.account(options);
  return inProjectOf(stage, sandbox, definition, (project) => use(project, sandbox));
}

/** @param from Path of the tap's definition. */
export async function inProjectOf(
  stage: Stage,
  sandbox: Sandbox,
  from: string,
  use: (project: Project) => Promise<string>,
): Promise<string> {
  const project = await openProject(stage, sandbox, from);
  try {
    const told = await use(project);
    deepEqual(project.calls(), [], 'attempts to reach another network');
    return told;
  } finally {
    await project.end();
  }
}

/** The output of target-jsonl since the last call. */
export async function takeFiles({ output }: Project): Promise<Tables> {
  const tables: Record<string, Record<string, unknown>[]> = {};
  for (const file of await readdir(output)) {
    const text = await readFile(join(output, file), 'utf8');
    const lines = text.split('\n').filter((line) => line !== '');
    tables[file.replace('.jsonl', '')] = lines.map((line) => JSON.parse(line));
    await rm(join(output, file));
  }
  return tables;
}
