/** The simulated platform finds faults that the real one ignores, and none in a valid run. */
import { Readable } from 'node:stream';

import { expect, test } from '@jest/globals';

import { createFakeClock } from '../../support/fake-clock.ts';
import { partFaults, readFaults } from './checks.ts';
import type { Expectation } from './expectation.ts';
import {
  catalog,
  chat,
  chatState,
  error,
  goodRead,
  log,
  readWith,
  record,
  state,
  status,
  type Defect,
} from './fake-script.ts';
import { play, runOf, secret } from './fake-source.ts';
import { readPieces } from './reader.ts';
import type { SourceRun } from './source-run.ts';

function faultsOf(run: SourceRun, expected: Partial<Expectation> = {}): readonly string[] {
  return readFaults(run, { catalog, secrets: [secret], ...expected });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

interface Row {
  readonly defect: string;
  readonly change: Defect;
  readonly faults: readonly string[];
  readonly expected?: Partial<Expectation>;
}

/** Lines of the good read: 5 and 6 are the first page, 7 its state, 9 the second, 10 its state, 11 COMPLETE. */
const recordRows: readonly Row[] = [
  {
    defect: 'a record of a stream that is not configured',
    change: { goals: [...goodRead.goals, record('agents', { id: 1 })] },
    faults: ['line 16: a record of agents is not of the configured catalog'],
  },
  {
    defect: 'a record without data',
    change: { secondPage: [record('chats', {})] },
    faults: ['line 9: a record of chats holds nothing'],
  },
  {
    defect: 'a column that is not declared',
    change: { secondPage: [record('chats', chat(3, { colour: 'red' }))] },
    faults: ['line 9: a record of chats holds colour, which the catalog does not declare'],
  },
  {
    defect: 'a key that is null',
    change: { secondPage: [record('chats', chat(3, { id: null }))] },
    faults: [
      'line 9: a record of chats has no key id',
      'line 9: a record of chats breaks its schema: /id must be string',
    ],
  },
  {
    defect: 'a date that is none',
    change: {
      secondPage: [record('chats', chat(3, { update_timestamp: '2026-02-30T00:00:00Z' }))],
    },
    faults: [
      'line 9: a record of chats breaks its schema: /update_timestamp must match format "date-time"',
    ],
  },
  {
    defect: 'seconds in emitted_at',
    change: {
      goals: [
        ...goodRead.goals.slice(0, 2),
        record('goals', { id: 1 }, { emitted_at: 1_767_225_600 }),
        ...goodRead.goals.slice(3),
      ],
    },
    faults: ['line 14: a record of goals was emitted at 1767225600, which is not within the run'],
  },
  {
    defect: 'a record of 20 million characters that no warning names',
    change: { secondPage: [record('chats', chat(3, { note: 'x'.repeat(20_000_000) }))] },
    faults: ['line 9: a record of chats is too large, and no warning names it'],
  },
];

const stateRows: readonly Row[] = [
  {
    defect: 'a LEGACY state',
    change: { firstState: [{ say: { type: 'STATE', state: { type: 'LEGACY', data: {} } } }] },
    faults: [
      'line 7: a state is of the type LEGACY, which the platform refuses',
      'line 10: a state of chats counts 1 records, but 3 were written since the previous state',
    ],
  },
  {
    defect: 'a state with an id',
    change: { firstState: [state('chats', chatState(2), 2, { id: 1 })] },
    faults: ['line 7: a state has an id, which is for the platform to give'],
  },
  {
    defect: 'a wrong recordCount',
    change: { firstState: [state('chats', chatState(2), 3)] },
    faults: [
      'line 7: a state of chats counts 3 records, but 2 were written since the previous state',
    ],
  },
  {
    defect: 'a state without recordCount',
    change: { firstState: [state('chats', chatState(2), undefined)] },
    faults: [
      'line 7: a state of chats counts no records, but 2 were written since the previous state',
    ],
  },
  {
    defect: 'a record behind the last state',
    change: { secondState: [] },
    faults: ['line 9: a record of chats stands behind its last state'],
  },
  {
    defect: 'a stream without a state',
    change: { goals: [status('goals', 'STARTED'), status('goals', 'RUNNING')] },
    faults: ['goals has no state'],
  },
  {
    defect: 'a state that moves backwards',
    change: { secondState: [state('chats', chatState(1), 1)] },
    faults: ['line 10: a state of chats moves backwards'],
  },
  {
    defect: 'a state lower than the one that was given',
    change: { start: [status('chats', 'STARTED'), state('chats', chatState(5), 0)] },
    expected: { given: { chats: { update_timestamp: '1767571201' } } },
    faults: [
      'line 3: a state of chats moves backwards',
      'line 7: a state of chats moves backwards',
    ],
  },
  {
    defect: 'a state of a stream that is not configured',
    change: { goals: [...goodRead.goals, state('agents', { id: 1 }, 0)] },
    faults: ['line 16: a state is of agents, which is not of the configured catalog'],
  },
  {
    defect: 'a blob with a position that is sent too late',
    change: {},
    expected: { blobStreams: ['chats'] },
    faults: ["the blob's position of chats is not sent before the first stream starts"],
  },
];

const statusRows: readonly Row[] = [
  {
    defect: 'a status of a stream that is not configured',
    change: { before: [status('agents', 'INCOMPLETE')] },
    faults: ['line 1: INCOMPLETE of agents is not of the configured catalog'],
  },
  {
    defect: 'STARTED twice',
    change: { wait: [status('chats', 'STARTED')] },
    faults: ['line 8: STARTED of chats comes twice'],
  },
  {
    defect: 'RUNNING twice without a reason',
    change: { wait: [status('chats', 'RUNNING')] },
    faults: ['line 8: RUNNING of chats comes twice'],
  },
  {
    defect: 'no RUNNING',
    change: { running: [] },
    faults: ['line 10: COMPLETE of chats comes without RUNNING'],
  },
  {
    defect: 'no STARTED',
    change: { start: [state('chats', {}, 0)] },
    faults: [
      'line 3: RUNNING of chats comes before STARTED',
      'line 4: a RECORD of chats comes before STARTED',
      'line 5: a RECORD of chats comes before STARTED',
      'line 6: a STATE of chats comes before STARTED',
      'line 7: RUNNING of chats comes before STARTED',
      'line 8: a RECORD of chats comes before STARTED',
      'line 9: a STATE of chats comes before STARTED',
      'line 10: COMPLETE of chats comes before STARTED',
    ],
  },
  {
    defect: 'no COMPLETE',
    change: { end: [] },
    faults: ['chats has neither COMPLETE nor INCOMPLETE', 'exit 0, though chats is not COMPLETE'],
  },
  {
    defect: 'COMPLETE before the last state',
    change: {
      secondState: [],
      end: [status('chats', 'COMPLETE'), state('chats', chatState(3), 1)],
    },
    faults: ['line 11: a STATE of chats comes behind COMPLETE'],
  },
  {
    defect: 'two ends',
    change: { goalsEnd: [status('goals', 'COMPLETE'), status('goals', 'INCOMPLETE')] },
    faults: ['line 17: INCOMPLETE of goals comes behind COMPLETE'],
  },
  {
    defect: 'exit 0 after a failed stream',
    change: { goalsEnd: [error('it broke', 'goals'), status('goals', 'INCOMPLETE')] },
    faults: [
      'exit 0, though goals is not COMPLETE',
      'exit 0, though there is a TRACE ERROR: it broke',
    ],
  },
  {
    defect: 'exit 1 without an error',
    change: { goalsEnd: [status('goals', 'INCOMPLETE')], exit: [{ exit: 1 }] },
    faults: ['goals is INCOMPLETE, and no TRACE ERROR names it', 'exit 1 without a TRACE ERROR'],
  },
  {
    defect: 'exit 1 although every stream is complete',
    change: { exit: [error('it broke'), { exit: 1 }] },
    faults: ['exit 1, though every stream is COMPLETE'],
  },
];

const outputRows: readonly Row[] = [
  {
    defect: 'a line that is no JSON',
    change: { wait: [{ write: 'Fetching page 2 ...\n' }] },
    faults: ['line 8 is no JSON object: Fetching page 2 ...'],
  },
  {
    defect: 'a line that is no message',
    change: { wait: [{ say: { type: 'SCHEMA', stream: 'chats' } }] },
    faults: ['line 8 is no valid message: /type must be equal to one of the allowed values'],
  },
  {
    defect: 'a last line without an end',
    change: { exit: [{ write: '{"type":"LOG","log":{"level":"INFO","message":"bye"}}' }] },
    faults: ['line 17 has no end'],
  },
  {
    defect: 'a message of another verb',
    change: {
      before: [{ say: { type: 'CONNECTION_STATUS', connectionStatus: { status: 'SUCCEEDED' } } }],
    },
    faults: ['line 1: a CONNECTION_STATUS is ignored here'],
  },
  {
    defect: 'a secret in an address',
    change: { before: [log('INFO', `GET /?token=${encodeURIComponent(secret)}`)] },
    faults: ['secret 1 is in stdout, URL-encoded'],
  },
  {
    defect: 'a secret in base64 behind something else',
    change: { before: [log('INFO', base64(`user:${secret}:x`))] },
    faults: ['secret 1 is in stdout, in base64'],
  },
  {
    defect: 'a secret on stderr',
    change: { before: [{ complain: secret }] },
    faults: [`stderr is logged as an error: ${secret}`, 'secret 1 is in stderr, as it is'],
  },
];

test('a valid read has no faults', () => {
  const run = runOf(readWith({}));
  expect(run).toMatchObject({ code: 0, signal: null, stderr: '', touched: [] });
  expect(faultsOf(run)).toEqual([]);
});

test('a record of 20 million characters is not a fault if a warning names it', () => {
  const large = record('chats', chat(3, { note: 'x'.repeat(20_000_000) }));
  const run = runOf(readWith({ secondPage: [large, log('WARN', 'the chat c3 is large')] }));
  expect(faultsOf(run)).toEqual([]);
});

test.each([...recordRows, ...stateRows, ...statusRows, ...outputRows])(
  '$defect is found, and nothing else',
  ({ change, faults, expected = {} }) => {
    const run = runOf(readWith(change));
    expect(faultsOf(run, expected)).toEqual(faults);
  },
);

test('a silence between two beats that is too long is found, also while logs are written', () => {
  const wait = [{ pauseMs: 700 }, log('INFO', 'still waiting'), { pauseMs: 700 }];
  const run = runOf(readWith({ wait }));
  expect(faultsOf(run, { maxGapMs: 1200 })).toContainEqual(
    'line 9: no RECORD or STATE for 1400 ms, where 1200 are allowed',
  );
});

test('a line that a kill has truncated is ignored', () => {
  const begun = `{"type":"RECORD","record":{"stream":"chats","data":{"id":"${'x'.repeat(5000)}`;
  const read = { ...goodRead, secondPage: [{ write: begun }], secondState: [], end: [] };
  const run = runOf(readWith({ ...read, goals: [], goalsEnd: [], exit: [] }));
  expect(run.lines.at(-1)?.isWhole).toBe(false);
  expect(partFaults(run, { catalog })).toEqual([]);
});

/** More than pipes hold. */
const plenty = Array.from({ length: 3000 }, (_, index) => ({
  type: 'LOG',
  log: { level: 'INFO', message: `${index} ${'x'.repeat(90)}` },
}));

test('the output, the errors and the files of a process are recorded', async () => {
  const run = await play(
    readWith({ before: [{ complain: 'INFO hello\n' }, { touch: 'cache.db' }] }),
  );
  expect(run).toMatchObject({
    code: 0,
    signal: null,
    stderr: 'INFO hello\n',
    touched: ['cache.db'],
  });
  expect(faultsOf(run)).toEqual([
    'stderr is logged as an error: INFO hello\n',
    'the source wrote to cache.db',
  ]);
});

test('a source that ends before a slow reader has everything is detected', async () => {
  const messages = readWith({ exit: [] }).flatMap((step) => ('say' in step ? step.say : []));
  const run = await play([{ flood: [...plenty, ...messages] }, { exit: 0 }], {
    bytesPerSecond: 300_000,
  });
  expect(run.code).toBe(0);
  expect(run.lines.length).toBeLessThan(3000);
  expect(faultsOf(run)).toEqual(
    expect.arrayContaining([
      'exit 0, though chats is not COMPLETE',
      'exit 0, though goals is not COMPLETE',
    ]),
  );
});

test('a reader reads at most the requested amount per second', async () => {
  const clock = createFakeClock(0);
  const pieces = Array.from({ length: 30 }, () => Buffer.alloc(10_000));
  await readPieces(Readable.from(pieces), { bytesPerSecond: 400_000, clock });
  expect(clock.now()).toBe(750);
});

test('a truncated run has no faults that are caused by the truncation', async () => {
  const read = { ...goodRead, secondState: [{ pauseMs: 20_000 }] };
  const run = await play(readWith(read), { death: { afterBytes: 1000, how: 'SIGKILL' } });
  expect(run).toMatchObject({ code: null, signal: 'SIGKILL' });
  expect(run.lines.length).toBeGreaterThan(5);
  expect(partFaults(run, { catalog, secrets: [secret] })).toEqual([]);
  expect(faultsOf(run)).toContain('the source was ended by SIGKILL');
});

test('a reader that closes the pipe has not read one byte more', async () => {
  const run = await play([{ flood: plenty }], { death: { afterBytes: 777, how: 'closed pipe' } });
  expect(run.stdout).toHaveLength(777);
  expect(run.code).toBe(1);
});
