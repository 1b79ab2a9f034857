import { test } from '@jest/globals';

import { HttpError, TapError } from '../../../src/core/errors.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { createLogger } from '../../../src/core/logger.ts';
import type { Message } from '../../../src/singer/messages.ts';
import { State } from '../../../src/singer/state.ts';
import type { StreamResult, StreamToRead, SyncOptions } from '../../../src/sync/sync-options.ts';
import { createSync } from '../../../src/sync/sync.ts';
import { expect } from '../../support/readable.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { now, scriptedApi, usualSettings, type Answer } from '../../support/scripted-api.ts';
import { pageOf, pagesOf, streamToRead } from '../../support/stream-to-read.ts';
import { compileValidator } from '../../support/validator.ts';

interface Ran {
  readonly output: readonly string[];
  readonly results: readonly StreamResult[];
  readonly log: string;
  readonly asked: readonly string[];
  readonly lastState: JsonObject | undefined;
}

/** One word for each message in the output. */
function word(message: Message): string {
  switch (message.type) {
    case 'RECORDS': {
      return `${message.stream}: ${message.records.map((record) => JSON.stringify(record['id'])).join(' ')}`;
    }
    case 'STATE': {
      return `STATE ${JSON.stringify(message.value['bookmarks'])}`;
    }
    case 'STATUS': {
      return `${message.stream} ${message.status}`;
    }
    default: {
      return `SCHEMA ${message.stream}`;
    }
  }
}

async function run(
  streams: readonly StreamToRead[],
  {
    state,
    script = [],
    ...changes
  }: Partial<Omit<SyncOptions, 'state'>> & { state?: Json; script?: readonly Answer[] } = {},
): Promise<Ran> {
  const lines: string[] = [];
  const api = scriptedApi(script);
  const logger = createLogger({
    write: (line) => lines.push(line),
    format: 'text',
    level: 'debug',
    now: () => now,
    name: 'tap',
    pid: 1,
  });
  const sync = createSync({
    streams,
    api,
    loadValidator: async ({ schema }) => compileValidator(schema),
    state: State.parse(state, { streams: streams.map(({ definition }) => definition) }),
    settings: usualSettings,
    logger,
    signal: new AbortController().signal,
    confirmsRefusals: false,
    clock: createFakeClock(now),
    requests: () => 0,
    ...changes,
  });
  const messages: Message[] = [];
  for await (const message of sync.messages()) messages.push(message);
  const last = messages.findLast((message) => message.type === 'STATE');
  return {
    output: messages.map((message) => word(message)),
    results: sync.results(),
    log: lines.join(''),
    asked: api.asked.map(({ path }) => path),
    lastState: last?.value,
  };
}

const statuses = (results: readonly StreamResult[]): string[] =>
  results.map(({ stream, status }) => `${stream} ${status}`);

const refusal = (status: number): HttpError =>
  new HttpError(`the API answers ${status}`, {
    kind: 'config',
    failure: 'status',
    path: '/x',
    status,
  });

/** A stream that makes one request, which gets the given status. */
const refused = (status: number) => pagesOf(refusal(status));

test('a page is written before the state that covers it, and the last line is a state', async () => {
  const { output, results } = await run([
    streamToRead('a', pagesOf(pageOf([1, 2], 2), pageOf([3], 3))),
  ]);
  expect(output).toEqual([
    'a started',
    'a running',
    'SCHEMA a',
    'a: 1 2',
    'STATE {"a":{"id":2}}',
    'a: 3',
    'STATE {"a":{"id":3}}',
    'a complete',
    'STATE {"a":{"id":3}}',
  ]);
  expect(statuses(results)).toEqual(['a complete']);
});

test('a stream without records still has its schema, and an identical state is not repeated', async () => {
  const { output } = await run([streamToRead('a', pagesOf(pageOf([], 3), pageOf([], 3)))]);
  expect(output).toEqual([
    'a started',
    'a running',
    'SCHEMA a',
    'STATE {"a":{"id":3}}',
    'a complete',
    'STATE {"a":{"id":3}}',
  ]);
});

test('a stream that fails in the middle keeps its records, and the next one is read', async () => {
  const { output, results, lastState } = await run([
    streamToRead('a', pagesOf(pageOf([1], 1), new Error('boom'))),
    streamToRead('b', pagesOf(pageOf([7], 7))),
  ]);
  expect(output.slice(0, 6)).toEqual([
    'a started',
    'a running',
    'SCHEMA a',
    'a: 1',
    'STATE {"a":{"id":1}}',
    'a failed',
  ]);
  expect(statuses(results)).toEqual(['a failed', 'b complete']);
  expect(results[0]?.error?.message).toBe('a: the stream cannot be read: boom');
  expect(lastState).toMatchObject({
    bookmarks: { a: { id: 1 }, b: { id: 7 } },
    currently_syncing: null,
  });
});

test('a page with a record that cannot be written fails its stream, and its state is not written', async () => {
  const { output, results } = await run([
    streamToRead('a', pagesOf(pageOf([1], 1), pageOf([2 ** 60], 5), pageOf([6], 6))),
  ]);
  expect(output).toContain('STATE {"a":{"id":1}}');
  expect(output).not.toContain('STATE {"a":{"id":5}}');
  expect(output).not.toContain('a: 6');
  expect(statuses(results)).toEqual(['a failed']);
});

test('an item without its key is left out and named, everything else is written, and the stream fails', async () => {
  const { output, results, log } = await run([
    streamToRead('a', pagesOf(pageOf([1], 1), pageOf([null, 2], 2))),
  ]);
  expect(output).toContain('a: 2');
  expect(output.at(-1)).toBe('STATE {"a":{"id":2}}');
  expect(log).toContain('WARNING a: item 1 of page 2 has no id and is left out');
  expect(statuses(results)).toEqual(['a failed']);
});

test('many items without their key are counted rather than named one by one', async () => {
  const { log, results } = await run([streamToRead('a', pagesOf(pageOf(Array(30).fill(null))))]);
  expect(log.match(/is left out/g)).toHaveLength(20);
  expect(log).toContain('further ones are only counted');
  expect(results[0]?.error?.message).toMatch(/^a: 30 items without a key/);
});

test('a FULL_TABLE stream ignores its bookmark and writes it unchanged', async () => {
  const whole = { replicationMethods: ['FULL_TABLE', 'INCREMENTAL'] } as const;
  const { output } = await run([streamToRead('a', pagesOf(pageOf([1], 1)), whole)], {
    state: { bookmarks: { a: { id: 9 } } },
  });
  expect(output).toEqual([
    'a started',
    'a running',
    'SCHEMA a',
    'a: 1',
    'a complete',
    'STATE {"a":{"id":9}}',
  ]);
});

test('the stream an earlier run was interrupted in comes first, and all others are read', async () => {
  const streams = ['a', 'b', 'c'].map((name) => streamToRead(name, pagesOf(pageOf([1]))));
  const { results } = await run(streams, { state: { currently_syncing: 'b' } });
  expect(statuses(results)).toEqual(['b complete', 'c complete', 'a complete']);
});

test('a wait that exceeds the retry budget ends the run, because the next stream would not respect it', async () => {
  const patience = new TapError('wait until tomorrow', { kind: 'transient', endsRun: true });
  const { results } = await run([
    streamToRead('a', pagesOf(pageOf([1], 1), patience)),
    streamToRead('b', pagesOf(pageOf([1]))),
  ]);
  expect(statuses(results)).toEqual(['a failed', 'b unread']);
});

test('a confirming request whose wait exceeds the retry budget also ends the run', async () => {
  const tomorrow = (): never => {
    throw new HttpError('wait', {
      kind: 'transient',
      failure: 'status',
      path: '/x',
      endsRun: true,
    });
  };
  const streams = [streamToRead('a', refused(401)), streamToRead('b', pagesOf(pageOf([1])))];
  const { results } = await run(streams, { script: [tomorrow] });
  expect(statuses(results)).toEqual(['a failed', 'b unread']);
});

test('an invalid bookmark is an error that names its stream, before the first message', async () => {
  const stream = streamToRead('a', () => {
    throw new TapError('the bookmark is odd', { kind: 'config' });
  });
  await expect(run([stream])).rejects.toThrow('a: the bookmark is odd');
});

test('a stopped run finishes the current page, writes its state, and has not failed', async () => {
  const controller = new AbortController();
  const stopping = streamToRead(
    'a',
    () =>
      async function* pages() {
        yield pageOf([1], 1);
        controller.abort(new Error('stopped'));
        throw new Error('stopped');
      },
  );
  const { output, results, lastState } = await run([stopping, streamToRead('b', pagesOf())], {
    signal: controller.signal,
  });
  expect(output.at(-1)).toBe('STATE {"a":{"id":1}}');
  expect(statuses(results)).toEqual(['a interrupted', 'b unread']);
  expect(lastState).toMatchObject({ currently_syncing: 'a' });
});

test('a page that has arrived when the run is stopped is still written with its state', async () => {
  const controller = new AbortController();
  const stopping = streamToRead(
    'a',
    () =>
      async function* pages() {
        controller.abort(new Error('stopped'));
        yield pageOf([1], 1);
      },
  );
  const { output } = await run([stopping], { signal: controller.signal });
  expect(output.slice(-3, -1)).toEqual(['a: 1', 'STATE {"a":{"id":1}}']);
});

test('a record that does not match its schema ends its stream before it and is named by its key', async () => {
  const loadValidator = async () => (record: JsonObject) =>
    record['id'] === 3 ? '/text must be string' : undefined;
  const streams = [streamToRead('a', pagesOf(pageOf([1], 1), pageOf([2, 3], 3)))];
  const { output, results } = await run(streams, { loadValidator });
  expect(output).toContain('a: 1');
  expect(output.join()).not.toMatch(/a: [23]/);
  expect(output.at(-1)).toBe('STATE {"a":{"id":1}}');
  expect(results[0]?.status).toBe('failed');
  expect(results[0]?.error?.message).toBe(
    'a: the record with id 3 does not follow its schema (/text must be string); ' +
      'this is a bug of the tap, please report it',
  );
});

test('a validator that cannot be loaded fails its stream, and no record is written without validation', async () => {
  const loadValidator = () => Promise.reject(new Error('no such module'));
  const streams = [streamToRead('a', pagesOf(pageOf([1], 1)))];
  const { output, results } = await run(streams, { loadValidator });
  expect(output.join()).not.toContain('a: 1');
  expect(statuses(results)).toEqual(['a failed']);
});
