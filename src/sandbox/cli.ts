import { parseCommandLine, type Flag, type Given } from '../command-line.ts';
import { asFatalError, ConfigError } from '../errors.ts';
import { runDemo } from './demo.ts';
import { checkOptions } from './option-checks.ts';
import type { Terminal } from './serve.ts';
import { serve } from './serve.ts';

const usage = `$0 [serve] [OPTION ...]
$0 demo [--chats N] [--output FOLDER] [--login]

A local Zendesk Chat API with made-up, reproducible data.
serve answers requests until Ctrl-C; demo is the whole story: discover, sync,
edit, sync again.`;

const examples = `Examples:
  a thousand chats on a free port
    zendesk-chat-sandbox
  a million chats
    zendesk-chat-sandbox --chats 1000000 --port 8765
  about as slow as the real one
    zendesk-chat-sandbox --rate-limit 200 --latency 150
  a server that knows no start_id
    zendesk-chat-sandbox --switches '{"startId":"ignored"}'

While it runs: POST /sandbox/edit, /late, /add, /delete, /faults, /switches,
/expire, /revoke; GET /sandbox/requests, /sandbox/dump/<resource>.`;

const number = { takes: 'a number' } as const;
const json = { takes: 'JSON' } as const;

const flags = {
  port: { ...number, describe: 'TCP port on 127.0.0.1; 0 for any free one' },
  chats: { ...number, describe: 'how many chats, ten or a million [default: 1000, demo: 3000]' },
  agents: { ...number, describe: 'how many agents [default: 12]' },
  timeline: { ...number, describe: 'how many timespans of agents [default: 500]' },
  days: { ...number, describe: 'the data are spread over so many days [default: 60]' },
  seed: { ...number, describe: 'same seed and same --now, same data [default: 1]' },
  now: { takes: 'an instant', describe: 'the instant the data lead up to [default: now]' },
  token: { takes: 'a token', describe: 'the access token of the ready config' },
  'token-life': { ...number, describe: 'seconds until an access token expires' },
  subdomain: { takes: 'a name', describe: 'subdomain in the ready config' },
  latency: { ...number, describe: 'milliseconds before each answer' },
  'rate-limit': { ...number, describe: 'requests per minute; the real API: 200' },
  hostile: { describe: 'put in values that a reader may not expect' },
  switches: { ...json, describe: 'JSON: unknowns of the real API, turned the other way' },
  faults: { ...json, describe: 'JSON: a list of rules for what goes wrong' },
  options: {
    takes: 'a file name',
    isFile: true,
    describe: 'JSON file with any of these and more',
  },
  'write-config': {
    takes: 'a file name',
    isFile: true,
    describe: 'file to write the ready config to',
  },
  output: {
    takes: 'the name of a folder',
    isFile: true,
    describe: 'folder for what the tap of the demo writes [default: demo-output]',
  },
  login: { describe: 'demo: get the token in the browser, by tap-zendesk-chat login' },
} as const satisfies Readonly<Record<string, Flag>>;

type Name = keyof typeof flags;
type Task = (terminal: Terminal) => Promise<number>;

const flagsOfDemo: readonly string[] = ['chats', 'output', 'login'] satisfies Name[];

function valueOf(name: Name, text: string): string | number | boolean {
  const flag: Flag = flags[name];
  if (flag.takes === undefined) return true;
  return flag.takes === number.takes ? Number(text) : text;
}

function interpret({ flags: given, words: [command = 'serve'] }: Given<Name>): Task {
  const isDemo = command === 'demo';
  if (!isDemo && command !== 'serve') throw new ConfigError('say what to do: serve or demo.');
  const names = Object.keys(flags).filter((name): name is Name => Object.hasOwn(given, name));
  const strange = names.find((name) => isDemo !== flagsOfDemo.includes(name) && name !== 'chats');
  if (strange !== undefined) throw new ConfigError(`${command} takes no --${strange}`);
  const values = Object.fromEntries(
    names.map((name) => [name, valueOf(name, given[name]?.[0] ?? '')]),
  );
  if (!isDemo) return (terminal) => serve(values, terminal);
  const { chats = 3000, output = 'demo-output' } = values;
  checkOptions({ chats });
  const options = { chats: Number(chats), output: String(output), isLogin: 'login' in given };
  return (terminal) => runDemo(options, terminal);
}

/**
 * Runs the program and resolves with its exit code. Never ends the process. `serve` resolves once the terminal's signal
 * is aborted.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const program = 'zendesk-chat-sandbox';
    const line = { program, usage, flags, epilogue: examples, mostWords: 1, interpret };
    const task = await parseCommandLine(line, argv);
    if (typeof task !== 'string') return await task(terminal);
    terminal.stdout.write(`${task}\n`);
    return 0;
  } catch (error) {
    // Whatever is wrong with flags, files or the port is told in one sentence.
    const isOwn = error instanceof Error && !('syscall' in error);
    terminal.stderr.write(`${isOwn ? error.message : asFatalError(error).message}\n`);
    return 1;
  }
}
