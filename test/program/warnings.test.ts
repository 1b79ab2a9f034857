/** Node.js prints no warnings, however long a run is: neither about listeners nor about deprecations. */
import { expect, test } from '@jest/globals';

import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { spawnTap } from '../support/spawn-tap.ts';
import { connection, endsOf, spawnIn, spawnVerb } from '../support/run-source.ts';
import { withSandbox } from '../support/with-sandbox.ts';

const env = { NODE_OPTIONS: '--trace-warnings' };

/** Many pages, and some that fail at first: each request, wait and abort has listeners. */
const long: SandboxOptions = {
  chats: 45,
  switches: { maxPage: 3 },
  faults: [{ path: 'chats', every: 9, fault: { kind: 'status', status: 429, retryAfter: 0.01 } }],
};

test('the source writes nothing to stderr, though many streams of its catalog do not exist', async () => {
  const { streams } = await connection();
  const [first] = streams;
  const strangers = Array.from({ length: 30 }, (_, index) => ({
    ...first,
    stream: { ...first?.stream, name: `stranger_${'abcdefghijklmnopqrstuvwxyzABCD'[index]}` },
  }));
  const catalog = JSON.stringify({ streams: [...streams, ...strangers] });
  const run = await withSandbox(long, (sandbox) => spawnIn(sandbox, { catalog, env }));
  expect([run.code, run.stderr]).toEqual([1, '']);
  const ends = Object.values(endsOf(run));
  expect(ends.filter((end) => end === 'COMPLETE')).toHaveLength(streams.length);
});

test('its other verbs write nothing to stderr', async () => {
  await withSandbox({}, async (sandbox) => {
    for (const verb of ['check', 'discover'] as const)
      expect((await spawnIn(sandbox, { verb, env })).stderr).toBe('');
  });
  expect((await spawnVerb('spec', { env })).stderr).toBe('');
});

test('the tap writes only its own log lines', async () => {
  const run = await withSandbox(long, ({ config, url }) =>
    spawnTap({ config, sandboxUrl: url, env }),
  );
  expect(run.code).toBe(0);
  expect(run.stderrLines.filter((line) => !/^(?:INFO|WARNING) /.test(line))).toEqual([]);
});
