/** Each value of an account is written once, with no more requests than necessary. */
import { expect, test } from '@jest/globals';

import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { catalogOf } from '../support/catalogs.ts';
import { requestsOf, resourceOf, streamFaults } from '../support/oracle.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';
import { chosen } from '../no-loss/full-set.ts';
import { spawnTap } from '../support/spawn-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';

function run({ url, config }: Sandbox, stream: string, more: object = {}): Promise<TapResult> {
  return runTap({ sandboxUrl: url, config: { ...config, ...more }, catalog: catalogOf(stream) });
}

const streams = Object.keys(resourceOf);

function allFaults(result: TapResult, sandbox: Sandbox): readonly string[] {
  return streams.flatMap((stream) => streamFaults(result, sandbox, stream));
}

test.each(chosen([1600, 20_000], (chats) => chats === 1600))(
  'an account of %i chats, 1,500 of them in one second, is read whole',
  async (chats) => {
    await withSandbox(
      {
        chats,
        ties: [{ at: 'middle', count: 1500 }],
        history: { min: 2, max: 2 },
        timeline: 1100,
        agents: 230,
        bans: { ip: 200, visitor: 70, layout: 'lopsided' },
      },
      async (sandbox) => {
        const all = { ...sandbox.config, extra_streams: 'all' };
        const input = { sandboxUrl: sandbox.url, config: all };
        const ahead = await spawnTap(input);
        expect(ahead).toMatchObject({ code: 0, warnings: [] });
        expect(allFaults(ahead, sandbox)).toEqual([]);

        sandbox.requests.length = 0;
        const config = { ...all, read_ahead: 1 };
        const result = await spawnTap({ ...input, config });
        expect(result).toMatchObject({ code: 0, warnings: [] });
        expect(allFaults(result, sandbox)).toEqual([]);
        expect(result.records('chats')).toHaveLength(chats);
        const readers = streams.filter((stream) => resourceOf[stream] === 'chats').length;
        expect(requestsOf(sandbox, 'chats')).toBeLessThanOrEqual(readers * (chats / 1000 + 5));
        expect(requestsOf(sandbox, 'agent_timeline')).toBeLessThanOrEqual(3 + 5);
        expect(requestsOf(sandbox, 'agents')).toBeLessThanOrEqual(3 + 2);
        expect(requestsOf(sandbox, 'bans')).toBeLessThanOrEqual(3 + 2 * 2);
        expect(sandbox.requests.every(({ status }) => status === 200)).toBe(true);
      },
    );
  },
);

test('chats with long histories, in many alphabets, arrive with every value', async () => {
  const lists = { agents: 12, bans: { ip: 23, visitor: 17 }, timeline: 100, timelineTies: 30 };
  const history = { min: 2, max: 60 };
  await withSandbox({ chats: 100, history, seed: 7, ...lists }, async (sandbox) => {
    const result = await runTap({
      sandboxUrl: sandbox.url,
      config: { ...sandbox.config, extra_streams: 'all' },
    });

    expect(result).toMatchObject({ code: 0, warnings: [] });
    expect(allFaults(result, sandbox)).toEqual([]);
  });
});

test.each(['start', 'head'] as const)(
  'one and a half pages of chats in one second at the %s of the account are read once each',
  async (at) => {
    await withSandbox(
      {
        chats: 250,
        ties: [{ at, count: 150 }],
        history: { min: 2, max: 2 },
        switches: { maxPage: 100 },
      },
      async (sandbox) => {
        const ahead = await run(sandbox, 'chats');
        expect(ahead).toMatchObject({ code: 0, warnings: [] });
        expect(streamFaults(ahead, sandbox, 'chats')).toEqual([]);

        sandbox.requests.length = 0;
        const result = await run(sandbox, 'chats', { read_ahead: 1 });
        expect(result).toMatchObject({ code: 0, warnings: [] });
        expect(streamFaults(result, sandbox, 'chats')).toEqual([]);
        expect(requestsOf(sandbox, 'chats')).toBeLessThanOrEqual(3 + 5);
      },
    );
  },
);

test('chats younger than the five minutes the API holds back are read as soon as it gives them out', async () => {
  await withSandbox({ chats: 60, days: 1, newestAgeSeconds: 5 }, async (sandbox) => {
    const result = await run(sandbox, 'chats');

    expect(result).toMatchObject({ code: 0, warnings: [] });
    expect(streamFaults(result, sandbox, 'chats')).toEqual([]);
  });
});

const banCounts = [
  { ip: 200, visitor: 70, layout: 'lopsided' },
  { ip: 70, visitor: 200, layout: 'lopsided' },
  { ip: 135, visitor: 135, layout: 'interleaved' },
  { ip: 270, visitor: 0, layout: 'lopsided' },
  { ip: 0, visitor: 270, layout: 'lopsided' },
] as const;

const limitReadings = [
  { reading: 'over both arrays', bansLimit: 'union', bansMaxPage: 1000 },
  { reading: 'per array', bansLimit: 'perArray', bansMaxPage: 1000 },
  { reading: 'over both arrays, cut to 30', bansLimit: 'union', bansMaxPage: 30 },
  { reading: 'per array, cut to 30', bansLimit: 'perArray', bansMaxPage: 30 },
] as const;

const banCases = banCounts.flatMap((bans) =>
  limitReadings.map((reading) => Object.assign({ bans }, reading)),
);

test.each(banCases)(
  '$bans.ip banned addresses and $bans.visitor visitors, $bans.layout ids, limit $reading',
  async ({ bans, bansLimit, bansMaxPage }) => {
    await withSandbox({ chats: 0, bans, switches: { bansLimit, bansMaxPage } }, async (sandbox) => {
      const dates = [...sandbox.account.dump('bans')].map((ban) => ban['created_at']);
      expect(dates).toContain(null);
      expect(dates).toContain(undefined);

      const result = await run(sandbox, 'bans');

      expect(result).toMatchObject({ code: 0, warnings: [] });
      expect(streamFaults(result, sandbox, 'bans')).toEqual([]);
      expect(result.records('bans')).toHaveLength(270);
      const pages = Math.ceil(270 / Math.min(100, bansMaxPage));
      expect(requestsOf(sandbox, 'bans')).toBeLessThanOrEqual(pages + 2 * 2);
    });
  },
);
