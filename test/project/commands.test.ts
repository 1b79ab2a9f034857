/** The commands of the README and of each page of the documentation run as printed, from top to bottom. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { startSandbox, type Sandbox } from '../../src/sandbox/api/server.ts';
import { streams } from '../../src/zendesk/streams.ts';
import { createCommandLine, type CommandLine } from './command-line.ts';
import { blocksIn, readDocuments, type Document } from './documents.ts';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
const [readme = fail('there is no README'), ...pages] = await readDocuments();
const defaultStreams = streams
  .flatMap(({ name, isDefault }) => (isDefault ? [name] : []))
  .join(' ');

/** The README starts the sandbox in the background. The test starts it with the same options on a free port. */
const sandboxCommand =
  /^node bin\/zendesk-chat-sandbox\.js (.*) &\nexport ZENDESK_CHAT_API_URL=(.*)$/m;

/** These need a registry, an engine, a database or a cluster, so the test only records their calls. */
const recorded = ['npm', 'pipx', 'meltano', 'kind', 'psql'];

const string = { type: 'string' } as const;

let sandbox: Sandbox;
const shells = new Map<string, CommandLine>();

beforeAll(async () => {
  const [, command = '', url] = sandboxCommand.exec(readme.text) ?? [];
  const options = { port: string, subdomain: string, token: string };
  const { port, ...values } = parseArgs({ args: command.split(' '), options }).values;
  expect(url).toBe(`http://127.0.0.1:${port}`);
  sandbox = await startSandbox({ ...values, chats: 30 });
});

afterAll(async () => {
  await sandbox.close();
  await Promise.all([...shells.values()].map((shell) => shell.remove()));
});

function shellOf(path: string): CommandLine {
  return shells.get(path) ?? fail(`the commands of ${path} have not run`);
}

function fail(message: string): never {
  throw new Error(message);
}

async function targetCalls(path: string): Promise<readonly string[]> {
  const calls = await shellOf(path).calls();
  return calls.filter((call) => call.startsWith('target-jsonl'));
}

/** One test for each block. A page begins with the files that the README's commands have left. */
function runCommands(document: Document): void {
  const blocks = blocksIn(document, 'sh');
  if (blocks.length === 0) return;
  describe(document.path, () => {
    beforeAll(async () => {
      shells.set(document.path, await createCommandLine(recorded, shells.get('README.md')?.folder));
    });

    test.each(blocks.map(({ title, text }) => [title, text]))('%s', async (_title, lines) => {
      await shellOf(document.path).run(lines, {
        ZENDESK_CHAT_API_URL: sandbox.url,
        TAP_ZENDESK_CHAT_CLIENT_SECRET: 'CLIENT_SECRET',
        BROWSER: fileURLToPath(new URL('test/support/browser.js', root)),
      });
    });
  });
}

for (const document of [readme, ...pages]) runCommands(document);

test('The README reads the default streams, and then continues from the state', async () => {
  expect(await targetCalls('README.md')).toEqual(Array(2).fill(`target-jsonl < ${defaultStreams}`));
  const state = await readFile(join(shellOf('README.md').folder, 'state.json'), 'utf8');
  const { bookmarks } = JSON.parse(state);
  const starts = sandbox.requests
    .filter(({ path }) => path.endsWith('incremental/chats'))
    .map(({ query }) => Number(query['start_time']));
  expect(starts).toContain(Date.parse('2024-01-01') / 1000);
  expect(starts).toContain(bookmarks.chats.position.end_time);
});

test('Patterns and a catalog select streams', async () => {
  const calls = await targetCalls('docs/selection.md');
  expect(calls).toEqual(['target-jsonl < chats', 'target-jsonl < agents chats']);
});

test('Moving from the singer-io tap reads chats once more, and leaves the state file as it is', async () => {
  const page = 'docs/moving-from-singer-io.md';
  expect(await targetCalls(page)).toEqual(['target-jsonl < chats']);
  const { folder } = shellOf(page);
  const before = await readFile(join(shellOf('README.md').folder, 'state.json'), 'utf8');
  expect(await readFile(join(folder, 'state.json'), 'utf8')).toBe(before);
});

test('The Airbyte source reads all streams, and then only new items', async () => {
  const { folder } = shellOf('docs/pyairbyte.md');
  const chatsIn = async (name: string): Promise<number> => {
    const messages = await readFile(join(folder, name), 'utf8');
    return messages.split('"type":"RECORD","record":{"stream":"chats"').length - 1;
  };
  const messages = await readFile(join(folder, 'messages.jsonl'), 'utf8');
  expect(messages.match(/"status":"COMPLETE"/g)).toHaveLength(streams.length);
  expect(await chatsIn('messages.jsonl')).toBe(30);
  expect(await chatsIn('more.jsonl')).toBeLessThan(30);
});

test('The image gets the config', async () => {
  const image = `source-zendesk-chat:${manifest.version}`;
  const shell = shellOf('docs/airbyte.md');
  const calls = await shell.calls();
  expect(calls.filter((call) => call.startsWith('docker'))).toEqual([
    `docker build --tag ${image} .`,
    `docker run --rm ${image} spec`,
    `docker run --rm --user ${process.getuid?.()} --volume ${shell.folder}:/config:ro ${image} check --config /config/config.json`,
  ]);
});
