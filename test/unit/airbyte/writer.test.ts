import { test } from '@jest/globals';

import { createEmittedAt } from '../../../src/airbyte/context.ts';
import { AirbyteWriter, type AirbyteWriterOptions } from '../../../src/airbyte/writer.ts';
import { TapError } from '../../../src/core/errors.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Message } from '../../../src/singer/messages.ts';
import { expect } from '../../support/readable.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

const start = Date.UTC(2024, 4, 6, 7, 8, 9, 120);

const traits = { aliases: [], keyProperties: ['id'], isDefault: true };

const bookmark = { update_timestamp: '2024-01-02T03:04:05Z' };

interface Written {
  readonly clock: ManualClock;
  readonly warnings: readonly string[];
  readonly throttled: (untilMs: number) => void;
  /** Writes the messages and returns the output. */
  readonly write: (...messages: readonly Message[]) => Promise<readonly string[]>;
  /** Ends the run and takes the rest. */
  readonly end: () => Promise<readonly string[]>;
  /** The output since the last call. */
  readonly take: () => readonly string[];
}

function writing(options: Partial<AirbyteWriterOptions> = {}): Written {
  const clock = createManualClock(start);
  const warnings: string[] = [];
  const writer = new AirbyteWriter({
    clock,
    streams: [
      { ...traits, name: 'chats', replicationMethods: ['INCREMENTAL'] },
      { ...traits, name: 'goals', replicationMethods: ['FULL_TABLE'] },
    ],
    initialState: { states: new Map([['chats', bookmark]]), isLegacy: false },
    emittedAt: createEmittedAt(clock),
    logger: {
      redact: (text) => text.replaceAll('hunter2', '***'),
      warning: (message) => void warnings.push(String(message)),
    },
    stdout: { writableLength: 0 },
    ...options,
  });
  let chunks: string[] = [];
  writer.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  const take = (): readonly string[] => {
    const taken = chunks;
    chunks = [];
    return taken;
  };
  return {
    clock,
    warnings,
    throttled: (untilMs) => writer.emitRateLimited(untilMs),
    take,
    write: async (...messages) => {
      for (const message of messages) {
        await new Promise<void>((resolve, reject) => {
          writer.write(message, (error) => (error ? reject(error) : resolve()));
        });
      }
      return take();
    },
    end: async () => {
      await new Promise<void>((resolve) => {
        writer.once('end', resolve).end();
      });
      return take();
    },
  };
}

interface Line {
  readonly record?: { readonly stream: string };
  readonly state?: {
    readonly stream: {
      readonly stream_descriptor: { readonly name: string };
      stream_state: object;
    };
    readonly sourceStats: { readonly recordCount: number };
  };
  readonly trace?: {
    readonly error?: { readonly message: string };
    readonly stream_status?: {
      readonly stream_descriptor: { readonly name: string };
      readonly status: string;
      readonly reasons?: readonly { readonly rate_limited: { readonly quota_reset: number } }[];
    };
  };
}

/** One word or two for each line. */
function summarize(chunks: readonly string[]): readonly string[] {
  const lines = chunks.join('').split('\n').slice(0, -1);
  return lines.map((text) => {
    const { record, state: position, trace }: Line = JSON.parse(text);
    if (record !== undefined) return `record of ${record.stream}`;
    if (position !== undefined) {
      const { stream_descriptor: of, stream_state: value } = position.stream;
      return `state of ${of.name} ${JSON.stringify(value)}, ${position.sourceStats.recordCount} records`;
    }
    if (trace?.error !== undefined) return `error: ${trace.error.message}`;
    const { stream_descriptor: of, status: word, reasons } = trace?.stream_status ?? {};
    const reset = reasons?.[0]?.rate_limited.quota_reset;
    const until = reset === undefined ? '' : ` until ${(reset - start) / 1000} s`;
    return `${of?.name} ${word}${until}`;
  });
}

function status(stream: string, word: 'started' | 'running' | 'complete' | 'absent'): Message {
  return { type: 'STATUS', stream, status: word };
}

function failed(stream: string, message: string): Message {
  const error = new TapError(message, { kind: 'transient', stream });
  return { type: 'STATUS', stream, status: 'failed', error };
}

function records(stream: string, ...list: JsonObject[]): Message {
  return { type: 'RECORDS', stream, records: list, timeExtractedMs: start };
}

function state(bookmarks: JsonObject, tapStreamId?: string): Message {
  const value = { bookmarks, currently_syncing: 'chats' };
  return tapStreamId === undefined
    ? { type: 'STATE', value }
    : { type: 'STATE', value, tapStreamId };
}

const read = `state of chats ${JSON.stringify(bookmark)}`;

test('lines have the format of the protocol', async () => {
  const { write, throttled, take } = writing();
  const chunks = await write(
    status('chats', 'started'),
    status('chats', 'running'),
    records('chats', { id: 'a' }),
    state({ chats: bookmark }, 'chats'),
    failed('chats', 'gone'),
  );
  throttled(start + 1000);
  expect(take()).toEqual([]);
  expect(chunks.join('').split('\n')).toEqual([
    `{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":${start},"stream_status":{"stream_descriptor":{"name":"chats"},"status":"STARTED"}}}`,
    '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"chats"},"stream_state":{"update_timestamp":"2024-01-02T03:04:05Z"}},"sourceStats":{"recordCount":0}}}',
    `{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":${start},"stream_status":{"stream_descriptor":{"name":"chats"},"status":"RUNNING"}}}`,
    `{"type":"RECORD","record":{"stream":"chats","emitted_at":${start},"data":{"id":"a"}}}`,
    '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"chats"},"stream_state":{"update_timestamp":"2024-01-02T03:04:05Z"}},"sourceStats":{"recordCount":1}}}',
    `{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":${start},"stream_status":{"stream_descriptor":{"name":"chats"},"status":"INCOMPLETE"}}}`,
    `{"type":"TRACE","trace":{"type":"ERROR","emitted_at":${start},"error":{"message":"gone","failure_type":"transient_error","stream_descriptor":{"name":"chats"}}}}`,
    '',
  ]);
});

test('a page is one write', async () => {
  const { write } = writing();
  await write(status('chats', 'started'));
  expect(await write(records('chats', { id: 'a' }, { id: 'b' }, { id: 'c' }))).toHaveLength(1);
});

test('a stream without a bookmark ends with the marker for it, and so do empty and absent ones', async () => {
  const { write } = writing();
  const goals = [status('goals', 'started'), status('goals', 'running')];
  const whole = await write(...goals, records('goals', { id: 1 }), status('goals', 'complete'));
  expect(summarize(whole).slice(-2)).toEqual([
    'state of goals {"__ab_no_cursor_state_message":true}, 1 records',
    'goals COMPLETE',
  ]);
  expect(summarize(await write(status('goals', 'started'), status('goals', 'absent')))).toEqual([
    'goals STARTED',
    'state of goals {}, 0 records',
    'goals RUNNING',
    'state of goals {"__ab_no_cursor_state_message":true}, 0 records',
    'goals COMPLETE',
  ]);
});

test('records after the last state are counted before the end, regardless of the status', async () => {
  const { write, end } = writing();
  const begin = [status('chats', 'started'), status('chats', 'running')];
  const page = records('chats', { id: 'a' }, { id: 'b' });
  const broken = await write(...begin, page, failed('chats', 'the password is hunter2'));
  expect(summarize(broken).slice(-3)).toEqual([
    `${read}, 2 records`,
    'chats INCOMPLETE',
    'error: the password is ***',
  ]);
  await write(...begin, page);
  expect(summarize(await end())).toEqual([`${read}, 2 records`, 'chats INCOMPLETE']);
});

test('a stream that fails before its first message still has the status RUNNING', async () => {
  const { write } = writing();
  expect(summarize(await write(status('chats', 'started'), failed('chats', 'gone')))).toEqual([
    'chats STARTED',
    `${read}, 0 records`,
    'chats RUNNING',
    'chats INCOMPLETE',
    'error: gone',
  ]);
});

test('the states of a legacy blob are written once, before the first stream starts', async () => {
  const states = new Map<string, JsonObject>([
    ['chats', bookmark],
    ['goals', {}],
  ]);
  const { write } = writing({ initialState: { states, isLegacy: true } });
  const chunks = await write(status('goals', 'started'), status('chats', 'started'));
  expect(summarize(chunks)).toEqual([
    `${read}, 0 records`,
    'state of goals {}, 0 records',
    'goals STARTED',
    'state of goals {}, 0 records',
    'chats STARTED',
    `${read}, 0 records`,
  ]);
});

test('null values of a Singer state are omitted', async () => {
  const { write } = writing();
  const moved = { update_timestamp: 'x', offset: null, position: { end_time: 1, end_id: null } };
  const chunks = await write(status('chats', 'started'), state({ chats: moved }, 'chats'));
  expect(summarize(chunks).at(-1)).toBe(
    'state of chats {"update_timestamp":"x","position":{"end_time":1,"end_id":null}}, 0 records',
  );
});

test('after 30 s without a record or state the last state is repeated, again and again', async () => {
  const { write, clock, take, end } = writing();
  await write(status('chats', 'started'), records('chats', { id: 'a' }));
  await clock.advance(29_000);
  expect(take()).toEqual([]);
  await clock.advance(2000);
  expect(summarize(take())).toEqual([`${read}, 1 records`]);
  await clock.advance(60_000);
  expect(summarize(take())).toEqual([`${read}, 0 records`, `${read}, 0 records`]);
  await end();
  await clock.advance(60_000);
  expect(take()).toEqual([]);
});

test('no sign of life is sent while the reader is slow', async () => {
  const stdout = { writableLength: 1 };
  const { write, clock, take } = writing({ stdout });
  await write(status('chats', 'started'));
  await clock.advance(100_000);
  expect(take()).toEqual([]);
  stdout.writableLength = 0;
  await clock.advance(2000);
  expect(summarize(take())).toEqual([`${read}, 0 records`]);
});

test('a wait that the API requests is reported at once, with its end', async () => {
  const { write, throttled, take } = writing();
  await write(status('chats', 'started'));
  throttled(start + 90_000);
  throttled(start + 120_000);
  expect(summarize(take())).toEqual([
    'chats RUNNING',
    'chats RUNNING until 90 s',
    'chats RUNNING until 120 s',
  ]);
  expect(summarize(await write(status('chats', 'running')))).toEqual([]);
});

test('a record of 20 MB is written and warned about by its key', async () => {
  const { write, warnings } = writing();
  const large = { id: 'a', message: 'x'.repeat(20_000_000) };
  const chunks = await write(status('chats', 'started'), records('chats', { id: 'b' }, large));
  expect(summarize(chunks).slice(-2)).toEqual(['record of chats', 'record of chats']);
  expect(warnings).toEqual([
    'chats: the record with id "a" is 20 MB long; destinations may truncate or drop it',
  ]);
});

test('times of lines never decrease, although a page was fetched before a line that is already written', async () => {
  const { write, clock } = writing();
  await clock.advance(500);
  const chunks = await write(status('chats', 'started'), records('chats', { id: 'a' }));
  const times = chunks
    .join('')
    .match(/"emitted_at":\d+/g)
    ?.map((text) => Number(text.slice(13)));
  expect(times).toEqual([start + 500, start + 500]);
});
