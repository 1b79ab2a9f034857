/** Pages that do not get through: too much for the API, too much for the tap, or merely slow. */
import { constants, createGzip, type Gzip } from 'node:zlib';
import { buffer } from 'node:stream/consumers';

import { expect, test } from '@jest/globals';

import type { Fault } from '../../src/sandbox/faults/fault-rules.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { catalogOf } from '../support/catalogs.ts';
import { lossesOf } from '../support/oracle.ts';
import { runTap } from '../support/run-tap.ts';
import { criticalLines, lastErrorLine, leaks } from '../support/with-sandbox.ts';
import { withWorld } from '../support/world.ts';
import { faultCatalog, faultStreams, withFaultAccount } from './fault-account.ts';
import { withFront, type FrontAnswer } from './front-server.ts';
import { chosen, isWhole } from './full-set.ts';

const streams = ['agents', 'chats'];
const catalog = catalogOf(streams);

/** A little over two pages of a hundred chats. */
const longAccount: SandboxOptions = { chats: 210, history: { min: 1, max: 1 }, agents: 4 };
const config = { chats_page_limit: 100 };

/** The limits of the tap's requests for chats, in order, without consecutive duplicates. */
function limitsOf({ requests }: Sandbox): readonly number[] {
  return requests
    .filter(({ path }) => path.endsWith('/incremental/chats'))
    .map(({ query }) => Number(query['limit']))
    .filter((limit, index, all) => limit !== all[index - 1]);
}

const broken: Fault = { kind: 'status', status: 500 };

const tooMuch: readonly { name: string; fault: Fault }[] = [
  { name: 'met with silence', fault: { kind: 'stall', where: 'headers' } },
  { name: 'given up in the middle', fault: { kind: 'stall', where: 'body' } },
  { name: 'answered 502', fault: { kind: 'status', status: 502, body: 'html' } },
  { name: 'answered 503', fault: { kind: 'status', status: 503, body: 'empty' } },
];

const places = [0, 99, 100, 150, 205].flatMap((place) =>
  [1, 4].map((limitAbove) => ({ place, limitAbove, name: 'answered 500', fault: broken })),
);

test.each([
  ...chosen(places, ({ place, limitAbove }) => place === 150 && limitAbove === 4),
  ...tooMuch.map((one) => Object.assign({ place: 150, limitAbove: 60 }, one)),
])(
  'A page of more than $limitAbove chats with a certain one (the one behind $place others) that is always $name is requested in smaller ones, and the limit that worked is kept',
  async ({ place, limitAbove, fault }) => {
    await withWorld(longAccount, async ({ sandbox, run }) => {
      const includes = sandbox.account.idAt('chats', place);
      sandbox.faults.add({ path: 'incremental/chats', limitAbove, includes, fault });
      const result = await run({ catalog, config });
      expect(result.code).toBe(0);
      expect(result.stderr).toContain('fails; requesting 50 items');
      expect(leaks(result)).toEqual([]);
      expect(lossesOf(sandbox, [result], streams)).toEqual([]);
      const limits = limitsOf(sandbox);
      expect(limits[0]).toBe(100);
      expect(
        limits.filter((limit, index) => limit > (limits[index - 1] ?? limit) * 1.1 + 1),
      ).toEqual([]);
    });
  },
);

test('If only small pages succeed, few attempts fail, and each size has its own retry budget', async () => {
  await withWorld({ ...longAccount, chats: 200 }, async ({ sandbox, run }) => {
    sandbox.faults.add({ path: 'incremental/chats', limitAbove: 20, fault: broken });
    const serial = { ...config, max_retry_seconds: 20, read_ahead: 1 };
    const result = await run({ catalog, config: serial });
    expect(result.code).toBe(0);
    expect(lossesOf(sandbox, [result], streams)).toEqual([]);
    const asked = sandbox.requests.filter(({ path }) => path.endsWith('/incremental/chats'));
    const failed = asked.filter(({ fault }) => fault !== null);
    expect(failed.map(({ query }) => query['limit'])).toEqual(['100', '100', '100', '50', '25']);
    expect(asked.slice(0, 5)).toEqual(failed);
    expect(limitsOf(sandbox)).toEqual([100, 50, 25, 12, 14]);
  });
});

/** The response to requests for more than 300 chats, instead of the sandbox's. */
const refusals: readonly { readonly name: string; readonly answer: FrontAnswer }[] = [
  {
    name: 'a 400 that names the limit',
    answer: { status: 400, headers: {}, body: Buffer.from('{"error":"limit is too large"}') },
  },
  {
    name: 'a 422 that names the limit',
    answer: {
      status: 422,
      headers: {},
      body: Buffer.from('{"error":"InvalidValue","details":{"limit":[{"description":"x"}]}}'),
    },
  },
  {
    name: 'bytes that are no text',
    answer: { headers: {}, body: Buffer.from('{"chats":[{"id":"caf\u00E9"}]}', 'latin1') },
  },
];

test.each(refusals)(
  'After $name fewer chats are requested, and nothing is missing',
  async (row) => {
    await withFaultAccount({}, async ({ sandbox, clock }) => {
      const answer = (url: URL): FrontAnswer | undefined =>
        Number(url.searchParams.get('limit')) > 300 && url.pathname.endsWith('/incremental/chats')
          ? row.answer
          : undefined;
      await withFront(sandbox.url, { answer }, async (origin) => {
        const result = await runTap({
          sandboxUrl: origin,
          config: { ...sandbox.config },
          catalog: faultCatalog,
          clock,
        });
        expect(result.code).toBe(0);
        expect(lossesOf(sandbox, [result], faultStreams)).toEqual([]);
        expect(limitsOf(sandbox)[0]).toBe(250);
      });
    });
  },
);

test('chats_page_limit is the maximum limit of a request', async () => {
  await withFaultAccount({}, async ({ sandbox, run }) => {
    const result = await run({ chats_page_limit: '7' });
    expect(result.code).toBe(0);
    expect(lossesOf(sandbox, [result], faultStreams)).toEqual([]);
    expect(limitsOf(sandbox)).toEqual([7]);
  });
});

test('Agents that are only returned in small pages are read in small pages', async () => {
  await withWorld({ ...longAccount, chats: 5, agents: 90 }, async ({ sandbox, run }) => {
    sandbox.faults.add({ path: '=agents', limitAbove: 30, fault: broken });
    const result = await run({ catalog, config });
    expect(result.code).toBe(0);
    expect(lossesOf(sandbox, [result], streams)).toEqual([]);
    expect(result.warnings).toContain(
      'agents: the page at since_id 0 fails; requesting 25 items instead',
    );
  });
});

test('A chat that the API can never send fails the stream with its position, and the next run continues from there', async () => {
  await withWorld(longAccount, async ({ sandbox, run }) => {
    const includes = sandbox.account.idAt('chats', 150);
    sandbox.faults.add({ path: 'incremental/chats', includes, fault: broken });
    const first = await run({ catalog, config });
    expect(first.code).toBe(1);
    expect(criticalLines(first)).toEqual([lastErrorLine(first)]);
    expect(lastErrorLine(first)).toMatch(
      /^CRITICAL chats: .* answers 500 .*\(reading from \d{4}-\S+Z \(start_time \d+\)\)$/,
    );
    expect(first.records('chats')).toHaveLength(150);
    expect(limitsOf(sandbox)).toContain(1);

    sandbox.faults.clear();
    const next = await run({ catalog, config, state: first.lastState });
    expect(next.code).toBe(0);
    expect(lossesOf(sandbox, [first, next], streams)).toEqual([]);
    expect(next.records('chats').length).toBeLessThanOrEqual(61);
  });
});

test('Pages are not made smaller while the API is unreachable', async () => {
  await withWorld(longAccount, async ({ sandbox, run }) => {
    sandbox.faults.add({ fault: broken });
    const result = await run({ catalog, config });
    expect(result.code).toBe(1);
    expect(limitsOf(sandbox)).toEqual([100]);
    expect(result.stderr).not.toContain('; requesting ');
  });
});

/** The gzip data of this number of spaces: small during the transfer, and possibly JSON. */
async function gzipOfSpaces(count: number): Promise<Buffer> {
  const gzip: Gzip = createGzip({ level: constants.Z_BEST_SPEED });
  const all = buffer(gzip);
  const piece = Buffer.alloc(2 ** 20, ' ');
  for (let left = count; left > 0; left -= piece.length) gzip.write(piece.subarray(0, left));
  gzip.end();
  return all;
}

/** It takes half a gigabyte of memory: for the whole set alone. */
if (isWhole) {
  test('A page of more than 256 MiB is requested in halves, at once, and nothing is missing', async () => {
    const body = await gzipOfSpaces(257 * 2 ** 20);
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    await withFaultAccount({}, async ({ sandbox }) => {
      const answer = (url: URL): FrontAnswer | undefined => {
        const isTooMuch = Number(url.searchParams.get('limit')) > 300;
        return isTooMuch && url.pathname.endsWith('/chats') ? { headers, body } : undefined;
      };
      await withFront(sandbox.url, { answer }, async (origin) => {
        const result = await runTap({
          sandboxUrl: origin,
          config: { ...sandbox.config },
          catalog: faultCatalog,
        });
        expect(result.code).toBe(0);
        expect(lossesOf(sandbox, [result], faultStreams)).toEqual([]);
        expect(result.stderr).not.toContain('INFO waiting');
        expect(result.stderr).toContain('fails; requesting 250 items');
      });
    });
  });
}

test('A slow response with continuous data never times out', async () => {
  await withFaultAccount({}, async ({ sandbox, clock, run }) => {
    sandbox.faults.add({
      path: 'incremental/chats',
      nth: 2,
      fault: { kind: 'slow', everyMs: 1, pieces: 12 },
    });
    const startMs = clock.now();
    const ended = run({ request_timeout: 60, min_bytes_per_minute: 1 });
    const isOver = ended.then(() => true);
    // The time limit applies to silence. It elapses ten times, with a part of the response each time.
    while (!(await Promise.race([isOver, clock.refreshed()]))) clock.pass(59_000);
    const result = await ended;
    expect(clock.now() - startMs).toBeGreaterThan(600_000);
    expect(result.code).toBe(0);
    expect(result.stderr).not.toContain('INFO waiting');
    expect(lossesOf(sandbox, [result], faultStreams)).toEqual([]);
  });
});
