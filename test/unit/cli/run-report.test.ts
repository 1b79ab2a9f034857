import { expect, test } from '@jest/globals';

import { TapError } from '../../../src/core/errors.ts';
import { createLogger, type LogFormat } from '../../../src/core/logger.ts';
import { RunReport } from '../../../src/cli/run-report.ts';
import type { StreamResult } from '../../../src/sync/sync.ts';

const start = Date.UTC(2024, 5, 15, 12);

interface Reported {
  readonly report: RunReport;
  readonly lines: readonly string[];
  readonly at: (ms: number, stream: string, records: number) => void;
  readonly set: (ms: number) => void;
}

function reported(format: LogFormat = 'text'): Reported {
  const lines: string[] = [];
  let nowMs = start;
  const now = (): number => nowMs;
  const write = (line: string): number => lines.push(line.trimEnd());
  const logger = createLogger({ write, format, level: 'info', now, name: 'tap', pid: 1 });
  const report = new RunReport(logger, now);
  const set = (ms: number): void => {
    nowMs = start + ms;
  };
  return {
    report,
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

test('A run whose streams are complete or absent ends with a summary and exit code 0', () => {
  const { report, lines, set } = reported();
  set(3000);
  const results = [
    result('agents', { records: 1 }),
    result('goals', { status: 'absent', records: 0 }),
  ];
  expect(report.finish(results)).toBe(0);
  expect(lines.filter((line) => !line.includes('METRIC'))).toEqual([
    'INFO agents: complete, 1 record, 1 request, 1.5 s',
    'INFO goals: absent, 0 records, 1 request, 1.5 s',
    'INFO 2 streams: 1 complete, 1 absent, 0 failed; 1 record, 2 requests, 3.0 s',
  ]);
});

test('Each stream has its two figures in the form Singer wants', () => {
  const { report, lines } = reported();
  report.finish([result('agents')]);
  expect(lines.slice(0, 2)).toEqual([
    'INFO METRIC: {"type":"counter","metric":"record_count","value":2,"tags":{"stream":"agents","status":"succeeded"}}',
    'INFO METRIC: {"type":"timer","metric":"sync_duration","value":1.5,"tags":{"stream":"agents","status":"succeeded"}}',
  ]);
});

test('The one failure there is stands in the last line', () => {
  const { report, lines } = reported();
  expect(
    report.finish([result('agents', failure('agents', 'agents: broken')), result('chats')]),
  ).toBe(1);
  expect(lines.at(-1)).toBe('CRITICAL agents: broken');
});

test('Of several failures each has a line, and the last line names all streams', () => {
  const { report, lines } = reported();
  const results = [
    result('agents', failure('agents', 'agents: broken')),
    result('bans', failure('bans', 'bans: odd')),
    result('chats'),
  ];
  expect(report.finish(results)).toBe(1);
  expect(lines.slice(-3)).toEqual([
    'ERROR agents: broken',
    'ERROR bans: odd',
    'CRITICAL 2 of 3 streams failed (agents, bans): agents: broken',
  ]);
});

test('A stream that was interrupted or never begun is told, and forbids exit code 0', () => {
  const { report, lines } = reported();
  const results = [
    result('agents', { status: 'interrupted' }),
    result('chats', { status: 'unread', records: 0, requests: 0 }),
  ];
  expect(report.finish(results)).toBe(1);
  expect(lines.at(-1)).toBe(
    'INFO 2 streams: 0 complete, 0 absent, 0 failed, 1 interrupted, 1 unread; 2 records, 1 request, 0.0 s',
  );
});

test('A stream that takes long tells its count once a minute', () => {
  const { at, lines, report, set } = reported();
  at(0, 'chats', 10);
  at(59_999, 'chats', 10);
  at(60_000, 'chats', 10);
  set(120_000);
  report.observe({ type: 'STATE', value: {} });
  expect(lines).toEqual([
    'INFO METRIC: {"type":"counter","metric":"record_count","value":30,"tags":{"stream":"chats"}}',
  ]);
});

test('The count begins anew with each stream', () => {
  const { at, lines } = reported();
  at(0, 'agents', 10);
  at(70_000, 'chats', 1);
  at(130_000, 'chats', 1);
  expect(lines).toEqual([
    'INFO METRIC: {"type":"counter","metric":"record_count","value":2,"tags":{"stream":"chats"}}',
  ]);
});

test('A structured line of a failure names its stream, where it is one stream’s', () => {
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
