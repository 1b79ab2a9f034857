import { EventEmitter } from 'node:events';
import { PassThrough, Writable } from 'node:stream';

import { expect, jest, test } from '@jest/globals';

import { createProcessSignals, type ProcessLike } from '../../../src/cli/signals.ts';

interface FakeProcess extends ProcessLike {
  readonly killed: string[];
  readonly emitter: EventEmitter;
}

function fakeProcess(pid = 7): FakeProcess {
  const emitter = new EventEmitter();
  const killed: string[] = [];
  return {
    pid,
    emitter,
    killed,
    on: (event, listener) => emitter.on(event, listener),
    off: (event, listener) => emitter.off(event, listener),
    kill: (to, signal) => killed.push(`${to} ${signal}`),
    exit: (code) => killed.push(`exit ${code}`),
  };
}

test('without a signal the exit code is set and nothing is killed', async () => {
  const process = fakeProcess();
  await createProcessSignals(process).end(1, new PassThrough());
  expect(process.exitCode).toBe(1);
  expect(process.killed).toEqual([]);
  expect(process.emitter.listenerCount('SIGTERM')).toBe(0);
});

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
])(
  '%s aborts the run, and the signal ends the process after the output is written',
  async (name, code) => {
    const process = fakeProcess();
    const signals = createProcessSignals(process);
    signals.catchSignals();
    process.emitter.emit(name, name);
    expect(signals.signal.aborted).toBe(true);
    expect(process.killed).toEqual([]);
    await signals.end(0, new PassThrough().resume());
    expect(process.killed).toEqual([`7 ${name}`]);
    expect(process.exitCode).toBe(code);
  },
);

test('before a stop is deferred, signals are left to the system', () => {
  const process = fakeProcess();
  const { signal } = createProcessSignals(process);
  expect(process.emitter.eventNames()).toEqual([]);
  expect(signal.aborted).toBe(false);
});

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
])('the first process of a container, which the system does not end, exits on %s', (name, code) => {
  const process = fakeProcess(1);
  createProcessSignals(process);
  process.emitter.emit(name, name);
  expect(process.killed).toEqual([`exit ${code}`]);
});

test('a second signal ends the process at once', () => {
  const process = fakeProcess();
  createProcessSignals(process).catchSignals();
  process.emitter.emit('SIGTERM', 'SIGTERM');
  process.emitter.emit('SIGINT', 'SIGINT');
  expect(process.killed).toEqual(['7 SIGINT']);
});

test('a reader that does not read does not keep a stopped process alive', () => {
  jest.useFakeTimers();
  const process = fakeProcess();
  createProcessSignals(process).catchSignals();
  process.emitter.emit('SIGTERM', 'SIGTERM');
  jest.advanceTimersByTime(1500);
  jest.useRealTimers();
  expect(process.killed).toEqual(['7 SIGTERM']);
});

test('the end waits until the output has taken everything', async () => {
  const taken: string[] = [];
  const slow = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      taken.push(chunk.toString());
      setImmediate(callback);
    },
  });
  slow.write('a');
  slow.write('b');
  await createProcessSignals(fakeProcess()).end(0, slow);
  expect(taken).toEqual(['a', 'b', '']);
});

test('the end does not wait for a closed output', async () => {
  const gone = new PassThrough();
  gone.destroy();
  const process = fakeProcess();
  await createProcessSignals(process).end(1, gone);
  expect(process.exitCode).toBe(1);
});
