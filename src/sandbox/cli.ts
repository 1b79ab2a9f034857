import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { isJsonObject } from '../json.ts';
import { createYargs } from '../yargs.ts';
import { runDemo } from './demo.ts';
import type { Terminal } from './serve.ts';
import { serve } from './serve.ts';

const defaultDemoChats = 3000;

function ownVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const description: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const version = isJsonObject(description) ? description['version'] : undefined;
  return typeof version === 'string' ? version : 'unknown';
}

function serveFlags(parser: Argv) {
  return parser.options({
    port: { type: 'number', describe: 'TCP port on 127.0.0.1; 0 for any free one' },
    chats: { type: 'number', describe: 'how many chats, ten or a million [default: 1000]' },
    agents: { type: 'number', describe: 'how many agents [default: 12]' },
    timeline: { type: 'number', describe: 'how many timespans of agents [default: 500]' },
    days: { type: 'number', describe: 'the data are spread over so many days [default: 60]' },
    seed: { type: 'number', describe: 'same seed and same --now, same data [default: 1]' },
    now: { type: 'string', describe: 'the instant the data lead up to [default: now]' },
    token: { type: 'string', describe: 'the only token that is accepted' },
    subdomain: { type: 'string', describe: 'subdomain in the ready config' },
    latency: { type: 'number', describe: 'milliseconds before each answer' },
    'rate-limit': { type: 'number', describe: 'requests per minute; the real API: 200' },
    hostile: { type: 'boolean', describe: 'put in values that a reader may not expect' },
    switches: { type: 'string', describe: 'JSON: unknowns of the real API, turned the other way' },
    faults: { type: 'string', describe: 'JSON: a list of rules for what goes wrong' },
    options: { type: 'string', describe: 'JSON file with any of these and more' },
    'write-config': { type: 'string', describe: 'file to write the ready config to' },
  } as const);
}

function demoFlags(parser: Argv) {
  return parser.options({
    chats: { type: 'number', default: defaultDemoChats, describe: 'how many chats' },
    output: { type: 'string', default: 'demo-output', describe: 'folder for what the tap writes' },
  } as const);
}

/** The command line; `chosen` is told what to do. */
function createParser(terminal: Terminal, chosen: (task: () => Promise<number>) => void): Argv {
  return createYargs()
    .scriptName('zendesk-chat-sandbox')
    .usage('$0 [serve|demo]\n\nA local Zendesk Chat API with made-up, reproducible data.')
    .command(
      ['serve', '$0'],
      'answer requests until Ctrl-C',
      serveFlags,
      ({ _: _words, $0: _name, ...flags }) => chosen(() => serve(flags, terminal)),
    )
    .command(
      'demo',
      'the whole story: discover, sync, edit, sync again',
      demoFlags,
      ({ chats, output }) => chosen(() => runDemo({ chats, output }, terminal)),
    )
    .example('$0', 'a thousand chats on a free port')
    .example('$0 --chats 1000000 --port 8765', 'a million chats')
    .example('$0 --rate-limit 200 --latency 150', 'about as slow as the real one')
    .example(`$0 --switches '{"startId":"ignored"}'`, 'a server that knows no start_id')
    .example('$0 demo', 'try the tap on it')
    .epilogue(
      'While it runs: POST /sandbox/edit, /late, /add, /delete, /faults, /switches; ' +
        'GET /sandbox/requests, /sandbox/dump/<resource>.',
    )
    .strict()
    .exitProcess(false)
    .locale('en')
    .version(ownVersion())
    .fail((message: string, error: Error | undefined) => {
      throw error ?? new Error(message);
    });
}

/**
 * Runs the program and resolves with its exit code. Never ends the process. `serve` resolves once the terminal's signal
 * is aborted.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    let task: (() => Promise<number>) | undefined;
    const parser = createParser(terminal, (chosen) => {
      task = chosen;
    });
    let printed = '';
    await parser.parseAsync([...argv], {}, (_error, _arguments, output) => {
      printed = output;
    });
    if (printed !== '') terminal.stdout.write(`${printed}\n`);
    return printed === '' && task !== undefined ? await task() : 0;
  } catch (error) {
    // Whatever is wrong with flags, files or the port is told in one sentence.
    terminal.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
