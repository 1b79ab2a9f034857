import { expect, test } from '@jest/globals';

import { TapError } from '../../../src/core/errors.ts';
import { createLogger, type LogFormat, type Logger } from '../../../src/core/logger.ts';
import { RunReport } from '../../../src/cli/run-report.ts';
import type { StreamResult } from '../../../src/sync/sync-options.ts';

const start = Date.UTC(2024, 5, 15, 12);

interface Reported {
  readonly report: RunReport;
  readonly logger: Logger;
  readonly lines: readonly string[];
  readonly at: (ms: number, stream: string, records: number) => void;
  readonly set: (ms: number) => void;
}

function reported(format: LogFormat = 'text', hasErrorMessages = false): Reported {
  const lines: string[] = [];
  let nowMs = start;
  const now = (): number => nowMs;
  const write = (line: string): number => lines.push(line.trimEnd());
  const logger = createLogger({ write, format, level: 'info', now, name: 'tap', pid: 1 });
  const report = new RunReport({ logger, now, hasErrorMessages });
  const set = (ms: number): void => {
    nowMs = start + ms;
  };
  return {
    report,
    logger,
    lines,
    set,
    at: (ms, stream, count) => {
      set(ms);
      const records = Array.from({ length: count }, () => ({}));
      report.observe({ type: 'RECORDS', stream, records, timeExtractedMs: nowMs });
    },
  };
}

function result(stream: string, changes: Partial<StreamResult> = {}): StreamResult {
  return { stream, status: 'complete', records: 2, requests: 1, durationMs: 1500, ...changes };
}

function failure(stream: string, message: string): Partial<StreamResult> {
  return { status: 'failed', error: new TapError(message, { kind: 'system', stream }) };
}

/** As a run that reads these streams does. @returns the exit code */
function end(report: RunReport, results: readonly StreamResult[]): number {
  const begun = results.filter(({ status }) => status !== 'unread');
  for (const [index, one] of begun.entries()) report.logStream(one, index === begun.length - 1);
  return report.finish(results);
}

test('Each stream is one line when it ends, an absent one a warning, and the run is one line at its end', () => {
  const { report, lines, set } = reported();
  set(3000);
  const results = [
    result('agents', { records: 1 }),
    result('goals', { status: 'absent', records: 0 }),
  ];
  report.logStream(result('agents', { records: 1 }), false);
  expect(lines).toEqual(['INFO agents: complete, 1 record, 1 request, 1.5 s']);
  report.logStream(result('goals', { status: 'absent', records: 0 }), true);
  expect(report.finish(results)).toBe(0);
  expect(lines.slice(1)).toEqual([
    'INFO 2 streams: 1 complete, 1 absent, 0 failed; 1 record, 2 requests, 3.0 s',
  ]);
});

test('Each stream has its two metrics in Singer format', () => {
  const { report, lines, logger } = reported();
  logger.setMetrics(true);
  report.logStream(result('agents'), true);
  expect(lines).toEqual([
    'INFO METRIC: {"type":"counter","metric":"record_count","value":2,"tags":{"stream":"agents","status":"succeeded"}}',
    'INFO METRIC: {"type":"timer","metric":"sync_duration","value":1.5,"tags":{"stream":"agents","status":"succeeded"}}',
    'INFO agents: complete, 2 records, 1 request, 1.5 s',
  ]);
});

test('A failure of an earlier stream is explained when it happens, and again in the last line', () => {
  const { report, lines } = reported();
  const results = [result('agents', failure('agents', 'agents: broken')), result('chats')];
  expect(end(report, results)).toBe(1);
  expect(lines).toEqual([
    'ERROR agents: failed, 2 records, 1 request, 1.5 s: broken',
    'INFO chats: complete, 2 records, 1 request, 1.5 s',
    'INFO 2 streams: 1 complete, 0 absent, 1 failed; 4 records, 2 requests, 0.0 s',
    'CRITICAL agents: broken',
  ]);
});

test('A failure after which no stream is read is only explained in the last line', () => {
  const { report, lines } = reported();
  const unread = { status: 'unread', records: 0, requests: 0 } as const;
  const results = [
    result('agents', failure('agents', 'agents: broken')),
    result('bans', unread),
    result('chats', unread),
  ];
  expect(end(report, results)).toBe(1);
  expect(lines).toEqual([
    'ERROR agents: failed, 2 records, 1 request, 1.5 s',
    'INFO 3 streams: 0 complete, 0 absent, 1 failed, 2 unread (bans, chats); 2 records, 1 request, 0.0 s',
    'CRITICAL agents: broken',
  ]);
});

test('Each of several failures is explained, and the last line names all streams', () => {
  const { report, lines } = reported();
  const results = [
    result('chats'),
    result('agents', failure('agents', 'agents: broken')),
    result('bans', failure('bans', 'bans: odd')),
  ];
  expect(end(report, results)).toBe(1);
  expect(lines.filter((line) => !line.startsWith('INFO'))).toEqual([
    'ERROR agents: failed, 2 records, 1 request, 1.5 s: broken',
    'ERROR bans: failed, 2 records, 1 request, 1.5 s: odd',
    'CRITICAL 2 of 3 streams failed (agents, bans): agents: broken',
  ]);
});

test('If the protocol has messages for failures, the log does not explain them', () => {
  const { report, lines } = reported('text', true);
  report.logStream(result('agents', failure('agents', 'agents: broken')), false);
  expect(lines).toEqual(['ERROR agents: failed, 2 records, 1 request, 1.5 s']);
});

test('The exit code is not 0 if a stream was interrupted or not started', () => {
  const { report, lines } = reported();
  const results = [
    result('agents', { status: 'interrupted' }),
    result('chats', { status: 'unread', records: 0, requests: 0 }),
  ];
  expect(end(report, results)).toBe(1);
  expect(lines).toEqual([
    'INFO agents: interrupted, 2 records, 1 request, 1.5 s',
    'INFO 2 streams: 0 complete, 0 absent, 0 failed, 1 interrupted, 1 unread (chats); 2 records, 1 request, 0.0 s',
  ]);
});

test('A long stream logs its count after 1, 2, 4 … minutes', () => {
  const { at, lines, report, set } = reported();
  at(0, 'chats', 10);
  at(59_999, 'chats', 10);
  for (const minutes of [1, 2, 3, 4, 5]) at(minutes * 60_000, 'chats', 10);
  set(8 * 60_000);
  report.observe({ type: 'STATE', value: {} });
  expect(lines).toEqual([
    'INFO chats: 30 records so far',
    'INFO chats: 40 records so far',
    'INFO chats: 60 records so far',
  ]);
});

test('With metrics its count is a METRIC line each minute', () => {
  const { at, lines, logger } = reported();
  logger.setMetrics(true);
  at(0, 'chats', 10);
  for (const minutes of [1, 2, 3]) at(minutes * 60_000 + 1, 'chats', 10);
  at(200_000, 'chats', 10);
  expect(lines.filter((line) => line.startsWith('INFO METRIC'))).toEqual(
    [20, 30, 40].map(
      (value) =>
        `INFO METRIC: {"type":"counter","metric":"record_count","value":${value},"tags":{"stream":"chats"}}`,
    ),
  );
});

test('The count restarts with each stream', () => {
  const { at, lines } = reported();
  at(0, 'agents', 10);
  at(70_000, 'chats', 1);
  at(130_000, 'chats', 1);
  expect(lines).toEqual(['INFO chats: 2 records so far']);
});

test('A structured line of a failure names its stream if there is one', () => {
  const { report, lines } = reported('json');
  report.finish([result('agents', failure('agents', 'agents: broken'))]);
  const error = new TapError('broken', { kind: 'system' });
  report.finish([result('agents', { status: 'failed', error })]);
  const failures = lines
    .map((line) => JSON.parse(line))
    .filter(({ level }) => level === 'critical');
  expect(failures).toMatchObject([
    { stream_name: 'agents', message: 'agents: broken' },
    { stream_name: null, message: 'broken' },
  ]);
});
