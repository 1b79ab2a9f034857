/** `npm run image`: the image is built of the Dockerfile's own steps, and its program runs as platforms run it. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import type { JsonObject } from '../../../src/core/json.ts';
import { startSandbox, type Sandbox } from '../../../src/sandbox/api/server.ts';
import { streams } from '../../../src/zendesk/streams.ts';
import { Image, type Run, type StartedRun } from './by-hand.ts';

let image: Image;
let home = '';
let inputs = '';
let sandbox: Sandbox;

beforeAll(async () => {
  image = await Image.build();
  home = await image.ask('getent passwd 1000 | cut -d: -f6');
}, 600_000);

afterAll(async () => {
  await image?.remove();
});

beforeEach(async () => {
  sandbox = await startSandbox({ token: 'a-chat-token', chats: 40, history: { min: 2, max: 3 } });
  inputs = await mkdtemp(join(tmpdir(), 'image-inputs-'));
  await writeInput('config', sandbox.config);
});

afterEach(async () => {
  await sandbox.close();
  await rm(inputs, { recursive: true });
});

/** Inputs belong to root. Every user may read them, and no user may write them. */
async function writeInput(name: string, value: object, mode = 0o444): Promise<void> {
  const file = join(inputs, `${name}.json`);
  await writeFile(file, JSON.stringify(value));
  await chmod(file, mode);
  await chmod(inputs, 0o755);
}

/** The variables that the platform sets in addition to those of the image. */
function environment(): Readonly<Record<string, string>> {
  return {
    ...image.env,
    HOME: home,
    DEPLOYMENT_MODE: 'OSS',
    WORKER_CONNECTOR_IMAGE: 'source-zendesk-chat:dev',
    WORKER_JOB_ID: '1',
    WORKER_JOB_ATTEMPT: '0',
    LOG_LEVEL: 'INFO',
    USE_STREAM_CAPABLE_STATE: 'true',
    ZENDESK_CHAT_API_URL: sandbox.url,
  };
}

/** As the platform starts it: a shell evaluates the variable and the arguments. */
async function onPlatform(line: string): Promise<Run> {
  const words = ['/bin/sh', '-c', `eval "$AIRBYTE_ENTRYPOINT ${line}"`];
  return image.start(words, { inputs, env: environment() }).result;
}

/** As everybody else does: the entry point is process 1. */
function asProcessOne(line: string): StartedRun {
  const words = [...image.entryPoint, ...line.split(' ')];
  return image.start(words, { inputs, env: { HOME: home, ZENDESK_CHAT_API_URL: sandbox.url } });
}

function messagesOf({ stdout }: Run): readonly JsonObject[] {
  return stdout
    .trim()
    .split('\n')
    .map((line): JsonObject => JSON.parse(line));
}

async function writeCatalog(): Promise<void> {
  const run = await onPlatform('discover --config /config/config.json');
  expect(run).toMatchObject({ code: 0, signal: null, stderr: '' });
  const { catalog } = messagesOf(run).find(({ type }) => type === 'CATALOG') ?? {};
  const found = (catalog as { streams: { name: string }[] }).streams;
  const configured = found.map((stream) => ({
    stream,
    sync_mode: 'full_refresh',
    destination_sync_mode: 'overwrite',
  }));
  await writeInput('catalog', { streams: configured });
}

const readAll = 'read --config /config/config.json --catalog /config/catalog.json';

test('The user is airbyte with the unique id 1000 and its own home folder', async () => {
  const user = 'airbyte:x:1000:1000::/airbyte/home:/bin/sh';
  expect(await image.ask('grep :1000: /etc/passwd')).toBe(user);
  expect(await image.ask('grep :1000: /etc/group')).toBe('airbyte:x:1000:');
  expect(await image.ask('stat -c %u:%g /airbyte/home')).toBe('1000:1000');
});

test('All users can read its code, and only root can change it', async () => {
  const code = '/airbyte/integration_code';
  expect(await image.ask(`find ${code} ! -perm -444 -o -perm /022 ! -type l`)).toBe('');
  expect(await image.ask(`find ${code} ! -user root`)).toBe('');
});

test('It holds the package and what that needs, and nothing it was built with', async () => {
  const found = await image.ask('ls /airbyte/integration_code /airbyte/integration_code/dist');
  expect(found).not.toMatch(/^(?:src|test|tsconfig\.json)$/m);
  expect(found).toMatch(/^schemas$/m);
  expect(await image.ask('ls /airbyte/integration_code/node_modules')).not.toMatch(
    /typescript|jest/,
  );
  expect(await image.ask('ls -A /tmp')).toBe('');
});

test('Processes in it have no capabilities and no writable folder', async () => {
  const lines = [
    'id -u; id -g; grep CapBnd /proc/self/status; pwd; ls -A | wc -l',
    'for place in /tmp /source /airbyte "$HOME" /config; do touch "$place/x" 2> /dev/null && echo "$place"; done',
    'echo end',
  ];
  const words = ['/bin/sh', '-c', lines.join('\n')];
  const { stdout } = await image.start(words, { inputs, env: environment() }).result;
  const [uid, gid, capabilities, ...rest] = stdout.trim().split('\n');
  expect([uid, gid]).toEqual(['1000', '1000']);
  expect(capabilities).toMatch(/^CapBnd:\t0+$/);
  expect(rest).toEqual(['/source', '0', 'end']);
});

test('discover and read bring every stream, with nothing but files that only root may change', async () => {
  await writeCatalog();
  const run = await onPlatform(readAll);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const messages = messagesOf(run);
  const records = messages.flatMap(({ record }) => (record ? [record as JsonObject] : []));
  const names = streams.map(({ name }) => name);
  expect([...new Set(records.map(({ stream }) => stream))]).toEqual(names);
  const complete = run.stdout.match(/"status":"COMPLETE"/g);
  expect(complete).toHaveLength(names.length);
});

test('Started without a shell and without any variable of the platform, it says the same', async () => {
  const [plain, evaluated] = [await asProcessOne('spec').result, await onPlatform('spec')];
  expect(plain).toEqual(evaluated);
});

test('A config that uid 1000 may not read is named, and is no crash', async () => {
  await writeInput('secret', sandbox.config, 0o400);
  const { code, stdout, stderr } = await onPlatform('discover --config /config/secret.json');
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  expect(stdout).toContain('/config/secret.json');
  expect(stdout).toContain('config_error');
});

test('SIGTERM ends it as process 1 within 5 seconds, with 143 and a state for what was read', async () => {
  await writeCatalog();
  await sandbox.close();
  sandbox = await startSandbox({ token: 'a-chat-token', chats: 40, latencyMs: 300 });
  const { stop, result } = asProcessOne(readAll);
  while (sandbox.requests.length < 4) await delay(20);
  await stop('SIGTERM', 5000);
  const stopped = await result;
  expect(stopped).toMatchObject({ code: 143, signal: null, stderr: '' });
  const messages = messagesOf(stopped);
  expect(messages.some(({ type }) => type === 'STATE')).toBe(true);
  expect(messages.at(-1)).toMatchObject({ trace: { stream_status: { status: 'INCOMPLETE' } } });
});
