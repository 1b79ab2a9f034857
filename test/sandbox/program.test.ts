import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { exampleOf } from '../../src/sandbox/program/accepted-values.ts';
import schema from '../../src/sandbox/program/options.json' with { type: 'json' };
import { runSandboxProgram } from '../../src/sandbox/program/cli.ts';
import type { Terminal } from '../../src/sandbox/program/serve.ts';
import { send } from './sandbox-requests.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface FakeTerminal extends Terminal {
  readonly stop: AbortController;
  printed(): string;
  complained(): string;
}

function fakeTerminal(onPrint: (text: string) => void = () => undefined): FakeTerminal {
  const stop = new AbortController();
  let printed = '';
  let complained = '';
  return {
    stop,
    signal: stop.signal,
    cwd: folder,
    stdout: {
      write(text) {
        printed += text;
        onPrint(text);
      },
    },
    stderr: {
      write(text) {
        complained += text;
      },
    },
    printed: () => printed,
    complained: () => complained,
  };
}

/** Runs `serve` until it has greeted and `then` has been done with its address. */
async function serving(
  argv: readonly string[],
  then: (url: string) => Promise<void> = async () => undefined,
): Promise<{ code: number; terminal: FakeTerminal }> {
  const asked: Promise<void>[] = [];
  const terminal = fakeTerminal((text) => {
    const url = /ZENDESK_CHAT_API_URL=(\S+)/.exec(text)?.[1] ?? '';
    asked.push(then(url).finally(() => terminal.stop.abort()));
  });
  const code = await runSandboxProgram(argv, terminal);
  await Promise.all(asked);
  return { code, terminal };
}

test('help and version are printed', async () => {
  const help = fakeTerminal();
  expect(await runSandboxProgram(['--help'], help)).toBe(0);
  expect(help.printed()).toContain('--write-config');
  const demo = fakeTerminal();
  expect(await runSandboxProgram(['demo', '--help'], demo)).toBe(0);
  expect(demo.printed()).toContain('demo-output');
  const version = fakeTerminal();
  expect(await runSandboxProgram(['--version'], version)).toBe(0);
  expect(version.printed()).toMatch(/^zendesk-chat-sandbox \d+\.\d+\.\d+\n$/);
});

test('serve prints its address, a config, the environment and how to run the tap', async () => {
  const { code, terminal } = await serving(['--chats', '3'], async (url) => {
    expect((await send(`${url}/sandbox/dump/chats`)).text.split('\n')).toHaveLength(4);
  });
  expect(code).toBe(0);
  const lines = terminal.printed().split('\n');
  expect(lines[0]).toMatch(/3 chats at http:\/\/127\.0\.0\.1:\d+$/);
  expect(JSON.parse(lines[2] ?? '')).toMatchObject({ subdomain: 'sandbox' });
  expect(lines[4]).toMatch(/^ZENDESK_CHAT_API_URL=http:\/\/127\.0\.0\.1:\d+$/);
  expect(lines[6]).toContain(' tap-zendesk-chat --config config.json');
});

test('the config can be written to a file', async () => {
  const { terminal } = await serving(['serve', '--write-config', 'c.json', '--token', 'abc']);
  expect(terminal.printed()).toContain('--config c.json');
  const config = JSON.parse(await readFile(join(folder, 'c.json'), 'utf8')) as object;
  expect(config).toMatchObject({ access_token: 'abc' });
});

test('options can come from a file, and flags override it', async () => {
  const options = { chats: 4, agents: 2, switches: { absent: { goals: 403 } }, faults: [] };
  await writeFile(join(folder, 'o.json'), JSON.stringify(options));
  const argv = ['--options', 'o.json', '--chats', '2', '--latency', '1', '--faults', '[]'];
  const { code } = await serving(argv, async (url) => {
    expect((await send(`${url}/sandbox/dump/chats`)).text.split('\n')).toHaveLength(3);
    expect((await send(`${url}/sandbox/dump/agents`)).text.split('\n')).toHaveLength(3);
    const headers = { authorization: 'Bearer sandbox-token' };
    expect((await send(`${url}/api/v2/chat/goals`, { headers })).status).toBe(403);
  });
  expect(code).toBe(0);
});

test('a terminal that is already stopped ends serve at once', async () => {
  const terminal = fakeTerminal();
  terminal.stop.abort();
  expect(await runSandboxProgram([], terminal)).toBe(0);
});

test('a demo that is stopped ends with what to do', async () => {
  const terminal = fakeTerminal();
  terminal.stop.abort();
  expect(await runSandboxProgram(['demo', '--chats', '3'], terminal)).toBe(1);
  expect(terminal.complained()).toMatch(
    /^CRITICAL \S+Z stopped by a signal: run the command again\n$/,
  );
});

test.each([
  [['--prot', '1'], 'the flag --prot does not exist. Did you mean --port? --help shows all flags'],
  [['--port=1', '--port=2'], '--port is given twice: use it once'],
  [['--hostile=false'], '--hostile takes no value: write --hostile alone'],
  [['demo', '--port', '1'], 'demo takes no --port'],
  [['demo', '--chats', 'x'], 'chats must be a whole number'],
  [['--output', 'o'], 'serve takes no --output'],
  [['nothing'], 'the command is serve (the default) or demo, not another word.'],
  [['demoo'], 'Did you mean demo?'],
  [['--chats', 'x'], 'chats must be a whole number'],
  [['--now', 'yesterday'], 'now must be an instant'],
  [['--options', 'gone.json'], 'gone.json does not exist: check the path.'],
  [['--write-config', 'gone/c.json'], 'its folder does not exist. Create the folder first.'],
  [['--write-config', '.'], 'it is a folder. Give the name of a file.'],
  [['--switches', '{'], '--switches is not JSON: it is incomplete'],
  [['--switches', '{"startId":1}'], 'startId must be one of exclusive, inclusive,'],
  [['--switches', '{"startid":1}'], 'startid is not known. Known are startId, endIds,'],
  [
    ['--switches', '[]'],
    'must be a JSON object. switches takes a JSON object with any of startId,',
  ],
  [['--faults', '{}'], 'faults must be a list. faults takes a JSON list of rules.'],
  [['--faults', 'status'], 'A fault has a kind, one of status, reset,'],
  [['--faults', '[{"fault":{"kind":"no"}}]'], 'kind must be one of status, reset,'],
  [['--faults', '[{"fault":{"kind":"status"}}]'], 'faults.0.fault needs status.'],
  [['--faults', '[{"path":"chats"}]'], 'faults.0 needs fault.'],
  [['--ties', '[{"at":"middle"}]'], 'ties.0 needs count.'],
  [
    ['--ties', '[{"at":"head","count":2000}]'],
    'A tie of 2000 chats at head does not fit into 1000',
  ],
  [['--hostile', '--chats', '3'], 'Hostile values need at least'],
  [
    ['demo', '--output', fileURLToPath(import.meta.url)],
    'it is a file. Give the name of a folder.',
  ],
  [['--density', 'weekly'], 'Did you mean week?'],
])('%j is rejected in one sentence', async (argv, sentence) => {
  const terminal = fakeTerminal();
  expect(await runSandboxProgram(argv, terminal)).toBe(2);
  expect(terminal.complained()).toContain(sentence);
  expect(terminal.complained()).toMatch(/^CRITICAL \d{4}-\S+Z .+\n$/);
  expect(terminal.printed()).toBe('');
});

test.each(['switches', 'faults', 'ties'] as const)(
  'help and errors about --%s show an example, and the sandbox accepts it',
  async (flag) => {
    const help = fakeTerminal();
    await runSandboxProgram(['--help'], help);
    const example = exampleOf(flag);
    expect(help.printed()).toContain(`'${example}'`);
    const wrong = fakeTerminal();
    await runSandboxProgram([`--${flag}`, '7'], wrong);
    expect(wrong.complained().trimEnd()).toMatch(/ Example: \S+$/);
    expect(wrong.complained()).toContain(example);
    expect((await serving([`--${flag}`, example])).code).toBe(0);
  },
);

test('help lists every switch, condition, fault and parameter', async () => {
  const help = fakeTerminal();
  await runSandboxProgram(['--help'], help);
  const { switches, faults } = schema.properties;
  const { properties } = faults.items;
  const words = [switches.properties, properties, properties.fault.properties].flatMap(Object.keys);
  const missing = [...words, ...properties.fault.properties.kind.enum].filter(
    (word) => !help.printed().includes(word),
  );
  expect(missing).toEqual([]);
  const longest = Math.max(
    ...help
      .printed()
      .split('\n')
      .map(({ length }) => length),
  );
  expect(longest).toBeLessThanOrEqual(80);
});

test('a port that is in use is reported in one sentence', async () => {
  const terminal = fakeTerminal();
  let code: number | undefined;
  await serving([], async (url) => {
    code = await runSandboxProgram(['--port', new URL(url).port], terminal);
  });
  expect(code).toBe(2);
  expect(terminal.complained()).toMatch(
    /^CRITICAL \S+ Port \d+ is in use: choose another --port, .*\.\n$/,
  );
});
