/** What the rows of the table work with: accounts, folders, a database, and the source as a consumer starts it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startSandbox } from '../../dist/sandbox/server.js';
import { environmentOf } from './environments.js';
import { startPostgres } from './postgres.js';
import { runProgram } from './programs.js';

/** @typedef {import('../../dist/sandbox/server.js').Sandbox} Sandbox */
/** @typedef {import('../../dist/sandbox/options.js').SandboxOptions} SandboxOptions */
/** @typedef {import('./environments.js').Environment} Environment */
/** @typedef {import('./postgres.js').Postgres} Postgres */

/**
 * @typedef {object} Stage
 * @property {(consumer: string) => Promise<Environment>} environment
 * @property {(options: SandboxOptions) => Promise<Sandbox>} account A sandbox, ended with the row.
 * @property {() => Promise<string>} folder A new one, removed with everything else.
 * @property {() => Promise<Postgres>} postgres One for all rows.
 * @property {() => Promise<void>} endRow
 * @property {() => Promise<void>} end
 */

/** The program Airbyte's consumers start. */
export const sourceProgram = fileURLToPath(
  new URL('../../bin/source-zendesk-chat.js', import.meta.url),
);

/**
 * What a consumer finds in its environment: nothing of whoever runs the harness, a home of its own, the
 * sandbox in place of the real API, and no way to tell anybody.
 *
 * @param {string} home
 * @param {{ url: string }} sandbox
 * @returns {NodeJS.ProcessEnv}
 */
export function consumerEnv(home, { url }) {
  return {
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    HOME: home,
    TMPDIR: home,
    LANG: 'C.UTF-8',
    DO_NOT_TRACK: '1',
    ZENDESK_CHAT_API_URL: url,
  };
}

/**
 * The config in the form Airbyte keeps it in.
 *
 * @param {Sandbox} sandbox
 */
export function airbyteConfig({ config }) {
  const credentials = { credentials: 'access_token', access_token: config.access_token };
  return { start_date: config.start_date, subdomain: config.subdomain, credentials };
}

/**
 * @typedef {object} Files What a verb is given, each as a file of its own.
 * @property {object} [config]
 * @property {object} [catalog]
 * @property {object} [state]
 */

/**
 * Runs a source as Airbyte's platform does.
 *
 * @param {readonly string[]} command The program and what comes before the verb.
 * @param {string} verb
 * @param {Files} files
 * @param {{ folder: string, sandbox: { url: string }, env?: NodeJS.ProcessEnv }} where And what more its environment holds.
 */
export async function runSource(command, verb, files, { folder, sandbox, env }) {
  const [program = '', ...before] = command;
  const inputs = await mkdtemp(join(folder, `${verb}-`));
  const argv = [...before, verb];
  for (const [name, value] of Object.entries(files)) {
    const path = join(inputs, `${name}.json`);
    await writeFile(path, JSON.stringify(value));
    argv.push(`--${name}`, path);
  }
  return runProgram(program, argv, {
    cwd: inputs,
    env: { ...consumerEnv(inputs, sandbox), ...env },
  });
}

/** Things that are made once, however often they are asked for. */
function createOnce() {
  /** @type {Map<string, Promise<Environment>>} */
  const environments = new Map();
  /** @type {Promise<Postgres> | undefined} */
  let postgres;
  return {
    /** @param {string} consumer */
    environment(consumer) {
      const made = environments.get(consumer) ?? environmentOf(consumer);
      environments.set(consumer, made);
      return made;
    },
    postgres() {
      postgres ??= startPostgres();
      return postgres;
    },
    async end() {
      // A server that could not be started has been told of by the row that wanted it.
      const server = await postgres?.catch(() => undefined);
      await server?.stop();
    },
  };
}

/** @returns {Promise<Stage>} */
export async function createStage() {
  const root = await mkdtemp(join(tmpdir(), 'consumers-'));
  const once = createOnce();
  let folders = 0;
  /** @type {Sandbox[]} */
  let sandboxes = [];
  const endRow = async () => {
    const ended = sandboxes;
    sandboxes = [];
    await Promise.all(ended.map((sandbox) => sandbox.close()));
  };
  return {
    environment: (consumer) => once.environment(consumer),
    postgres: () => once.postgres(),
    async account(options) {
      const sandbox = await startSandbox(options);
      sandboxes.push(sandbox);
      return sandbox;
    },
    async folder() {
      folders += 1;
      const path = join(root, String(folders));
      await mkdir(path);
      return path;
    },
    endRow,
    async end() {
      await endRow();
      await once.end();
      await rm(root, { recursive: true, force: true });
    },
  };
}
