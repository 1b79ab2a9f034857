import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TapError } from '../../core/errors.ts';
import { isJsonObject } from '../../core/json.ts';
import type { Terminal } from './serve.ts';
import { unwritable } from './unwritable.ts';
import type { LoggedRequest } from '../api/request-log.ts';
import { startSandbox, type Sandbox } from '../api/server.ts';

export interface DemoOptions {
  readonly chats: number;
  /** Folder for the tap's output, relative to the working directory. */
  readonly output: string;
  /** The token comes from `tap-zendesk-chat login`, with the sandbox as the provider. */
  readonly isLogin: boolean;
}

/** The ages of the newest data and of the edits. The edits are after the data, and old enough to be requested. */
const newestAgeSeconds = 3600;
const editAgeSeconds = 600;
const edits = 5;

const client = { id: 'demo-client', secret: 'demo-secret' };
const binFolder = fileURLToPath(new URL('../../../bin/', import.meta.url));
const tapPath = join(binFolder, 'tap-zendesk-chat.js');

function tapFailure(code: number | null | undefined): TapError {
  const how = code === null ? 'a signal' : `exit code ${code}`;
  const text = `the tap ended with ${how}: see its last line above, then run the demo again`;
  return new TapError(text, { kind: code === 2 ? 'config' : 'transient' });
}

/** The value of the last STATE line of a file. */
async function lastState(path: string): Promise<unknown> {
  let last = '{}';
  const file = await open(path);
  for await (const line of file.readLines()) if (line.startsWith('{"type":"STATE"')) last = line;
  const message: unknown = JSON.parse(last);
  return isJsonObject(message) ? message['value'] : undefined;
}

/** Explains why a run sends more requests than there are pages of chats. */
function requestsText(requests: readonly LoggedRequest[], chats: number): string {
  const exported = requests.filter(({ path }) => path.endsWith('/incremental/chats'));
  const limit = Math.max(1, ...exported.map(({ query }) => Number(query['limit'] ?? 1)));
  const pages = Math.ceil(chats / limit);
  return `The first run sent ${exported.length} requests for ${pages} page${pages === 1 ? '' : 's'} of chats. A page begins with the last second
of the page before, so that no chat is lost between two pages. The API does not mark
the last page: the tap asks for more until it is certain that there are no more chats.`;
}

/** The streams that a run reads completely, from the tap's catalog. */
function wholeStreamsText(catalog: unknown): string {
  const streams = isJsonObject(catalog) ? [catalog['streams']].flat(1).filter(isJsonObject) : [];
  const namesOf = (method: string): string =>
    streams
      .filter((stream) => stream['replication_method'] === method)
      .flatMap(({ tap_stream_id: id }) => (typeof id === 'string' ? [id] : []))
      .join(', ');
  return `Each run reads these streams whole, because the API cannot list only what has changed:
${namesOf('FULL_TABLE')}.
These streams continue from the saved state: ${namesOf('INCREMENTAL')}.`;
}

class Demo {
  readonly #sandbox: Sandbox;
  readonly #terminal: Terminal;
  readonly #output: string;

  constructor(sandbox: Sandbox, terminal: Terminal, output: string) {
    this.#sandbox = sandbox;
    this.#terminal = terminal;
    this.#output = output;
  }

  /** The command with which a user calls a program of the package. */
  #command(program: string): string {
    const path = relative(this.#terminal.cwd, join(binFolder, `${program}.js`));
    return path.startsWith('..') ? program : `node ${path}`;
  }

  /** Discovers, syncs, changes some chats, and syncs again from the saved state. @throws an error if the tap fails */
  async runSteps(isLogin: boolean): Promise<void> {
    const { account, url, config, provider } = this.#sandbox;
    const output = this.#output;
    const folder = resolve(this.#terminal.cwd, output);
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw unwritable('--output', folder, error);
    });
    this.#print(`A sandbox with ${account.count('chats')} chats answers at ${url}`);
    if (isLogin) await this.#signIn();
    else await this.#writeJson('config.json', config);
    const read = ['--config', `${output}/config.json`];
    const all = [...read, '--catalog', `${output}/catalog.json`];
    await this.#run([...read, '--discover'], 'catalog.json');
    const requestsBefore = this.#sandbox.requests.length;
    await this.#run(all, 'first.jsonl');
    const requests = this.#sandbox.requests.slice(requestsBefore);
    await this.#writeJson('state.json', await lastState(this.#pathOf('first.jsonl')));
    account.edit({ count: edits, at: Math.floor(this.#sandbox.now() / 1000) - editAgeSeconds });
    this.#print(`\n${edits} chats were edited in the sandbox.`);
    if (isLogin) {
      provider.expire();
      this.#print('The access token has expired: the tap gets a new one.');
    }
    await this.#run([...all, '--state', `${output}/state.json`], 'second.jsonl');
    this.#print(`\n${requestsText(requests, account.count('chats'))}`);
    this.#print(wholeStreamsText(JSON.parse(await readFile(this.#pathOf('catalog.json'), 'utf8'))));
    this.#print(`
To run the tap yourself without an account, start a sandbox in the background:
   ${this.#command('zendesk-chat-sandbox')} --port 8765 --write-config config.json &
   export ZENDESK_CHAT_API_URL=http://127.0.0.1:8765
With a real account, leave that variable unset and begin with:
   ${this.#command('tap-zendesk-chat')} login --subdomain SUBDOMAIN --client-id CLIENT_ID`);
  }

  async #signIn(): Promise<void> {
    this.#print(`
Choose Allow on the page that the browser opens. On a machine without a browser,
allow access from a second terminal, with the address that the tap prints:
   curl --location --data decision=allow 'ADDRESS'`);
    const account = ['--subdomain', this.#sandbox.config.subdomain, '--client-id', client.id];
    await this.#run(['login', ...account, '--port', '0', '--out', `${this.#output}/config.json`]);
  }

  /** Runs the tap in a separate process, and writes its stdout to a file in the output folder. */
  async #run(args: readonly string[], file?: string): Promise<void> {
    const { cwd, signal, stderr } = this.#terminal;
    const target = file === undefined ? '' : ` > ${this.#output}/${file}`;
    this.#print(`\n$ ${this.#command('tap-zendesk-chat')} ${args.join(' ')}${target}`);
    const stdout = file === undefined ? undefined : await open(this.#pathOf(file), 'w');
    try {
      const env = {
        ...process.env,
        ZENDESK_CHAT_API_URL: this.#sandbox.url,
        TAP_ZENDESK_CHAT_CLIENT_SECRET: client.secret,
      };
      const stdio = ['ignore', stdout?.fd ?? 'ignore', stderr.fd ?? 'ignore'] as const;
      const options = { cwd, env, signal, stdio: [...stdio] };
      const tap = spawn(process.execPath, [tapPath, ...args], options);
      const [code]: (number | null)[] = await once(tap, 'close');
      if (code !== 0) throw tapFailure(code);
    } finally {
      await stdout?.close();
    }
  }

  #print(text: string): void {
    this.#terminal.stdout.write(`${text}\n`);
  }

  #pathOf(file: string): string {
    return resolve(this.#terminal.cwd, this.#output, file);
  }

  async #writeJson(file: string, value: unknown): Promise<void> {
    await writeFile(this.#pathOf(file), `${JSON.stringify(value, null, 2)}\n`);
  }
}

/** Runs the demo and shows its commands. Resolves with the exit code. */
export async function runDemo(options: DemoOptions, terminal: Terminal): Promise<number> {
  const { chats, output, isLogin } = options;
  const sandbox = await startSandbox({ chats, newestAgeSeconds, clients: [client] });
  try {
    await new Demo(sandbox, terminal, output).runSteps(isLogin);
    return 0;
  } finally {
    await sandbox.close();
  }
}
