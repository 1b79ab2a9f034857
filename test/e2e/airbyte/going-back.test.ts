/** What is written here drives Airbyte's own connector, should somebody go back to it. */
import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { connection, runIn, statesOf } from '../../helpers/run-source.ts';
import { withSandbox } from '../../helpers/with-sandbox.ts';

interface Cursor {
  readonly cursor: string;
  readonly formats: readonly string[];
}

const fixture = new URL('../../fixtures/airbyte-1.2-cursors.json', import.meta.url);
const cursors: Readonly<Record<string, Cursor>> = JSON.parse(readFileSync(fixture, 'utf8'));

const streams = ['agents', 'bans', 'agent_timeline', 'chats'];

test('each state has its cursor in a form that version 1.2 reads, and never in digits that could be misread', async () => {
  await withSandbox({ chats: 30, switches: { maxPage: 10 } }, async (sandbox) => {
    const run = await runIn(sandbox, { catalog: await connection(streams) });
    for (const stream of streams) {
      const { cursor = '', formats = [] } = cursors[stream] ?? {};
      // The first state is the one that was received: none.
      const values = statesOf(run, stream).flatMap((state) => state[cursor] ?? []);
      const places = values.map((value) =>
        formats.findIndex((one) => new RegExp(one).test(JSON.stringify(value).replaceAll(`"`, ``))),
      );
      expect(places.length).toBeGreaterThan(0);
      expect(places.filter((place) => place !== 0 && place !== 1)).toEqual([]);
    }
  });
});
