import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isJsonObject } from '../../core/json.ts';
import type { Terminal } from './serve.ts';
import { startSandbox, type Sandbox } from '../api/server.ts';

export interface DemoOptions {
  readonly chats: number;
  /** Folder for what the tap writes, relative to the working directory. */
  readonly output: string;
  /** The token comes from `tap-zendesk-chat login`, with the sandbox as the provider. */
  readonly isLogin: boolean;
}

/** The data end so long before now, and the edits come so long before now: after the data, and old enough to be asked for. */
const newestAgeSeconds = 3600;
const editAgeSeconds = 600;
const edits = 5;

const client = { id: 'demo-client', secret: 'demo-secret' };
const tapPath = fileURLToPath(new URL('../../../bin/tap-zendesk-chat.js', import.meta.url));

/** The value of the last STATE line of a file. */
async function lastState(path: string): Promise<unknown> {
  let last = '{}';
  const file = await open(path);
  for await (const line of file.readLines()) if (line.startsWith('{"type":"STATE"')) last = line;
  const message: unknown = JSON.parse(last);
  return isJsonObject(message) ? message['value'] : undefined;
}

class Demo {
  readonly #sandbox: Sandbox;
  readonly #terminal: Terminal;
  readonly #output: string;
  /** How a reader of the output calls the tap. */
  readonly #tap: string;

  constructor(sandbox: Sandbox, terminal: Terminal, output: string) {
    const path = relative(terminal.cwd, tapPath);
    this.#sandbox = sandbox;
    this.#terminal = terminal;
    this.#output = output;
    this.#tap = path.startsWith('..') ? 'tap-zendesk-chat' : `node ${path}`;
  }

  /** Discovers, syncs, changes some chats, syncs again from the saved state. Raises an error when the tap fails. */
  async runSteps(isLogin: boolean): Promise<void> {
    const { account, url, config, provider } = this.#sandbox;
    const output = this.#output;
    await mkdir(resolve(this.#terminal.cwd, output), { recursive: true });
    this.#print(`A sandbox with ${account.count('chats')} chats answers at ${url}`);
    if (isLogin) await this.#signIn();
    else await this.#writeJson('config.json', config);
    const read = ['--config', `${output}/config.json`];
    const all = [...read, '--catalog', `${output}/catalog.json`];
    await this.#run([...read, '--discover'], 'catalog.json');
    await this.#run(all, 'first.jsonl');
    await this.#writeJson('state.json', await lastState(this.#pathOf('first.jsonl')));
    account.edit({ count: edits, at: Math.floor(this.#sandbox.now() / 1000) - editAgeSeconds });
    this.#print(`\n${edits} chats were edited in the sandbox.`);
    if (isLogin) {
      provider.expire();
      this.#print('The access token has expired: the tap gets a new one.');
    }
    await this.#run([...all, '--state', `${output}/state.json`], 'second.jsonl');
    this.#print(`
To repeat this by hand, start zendesk-chat-sandbox, and give the tap its address:
   export ZENDESK_CHAT_API_URL=ADDRESS
With a real account, leave that variable unset and begin with:
   ${this.#tap} login --subdomain SUBDOMAIN --client-id CLIENT_ID`);
  }

  async #signIn(): Promise<void> {
    this.#print(`
Choose Allow on the page that the browser opens. On a machine without a browser,
allow access from a second terminal, with the address that the tap prints:
   curl --location --data decision=allow 'ADDRESS'`);
    const account = ['--subdomain', this.#sandbox.config.subdomain, '--client-id', client.id];
    await this.#run(['login', ...account, '--port', '0', '--out', `${this.#output}/config.json`]);
  }

  /** Runs the tap in a process of its own, with its stdout in a file of the output folder. */
  async #run(args: readonly string[], file?: string): Promise<void> {
    const { cwd, signal, stderr } = this.#terminal;
    const target = file === undefined ? '' : ` > ${this.#output}/${file}`;
    this.#print(`\n$ ${this.#tap} ${args.join(' ')}${target}`);
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
      if (code !== 0) throw new Error(`The tap ended with ${code ?? 'a signal'}.`);
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

/** Plays the story and shows the commands of it. Resolves with the exit code. */
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
