/** What is written here drives Airbyte's own connector, should somebody go back to it. */
import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { runIn, statesOf } from '../../helpers/run-source.ts';
import { withSandbox } from '../../helpers/with-sandbox.ts';

interface Cursor {
  readonly cursor: string;
  readonly formats: readonly string[];
}

const fixture = new URL('../../fixtures/airbyte-1.2-cursors.json', import.meta.url);
const cursors: Readonly<Record<string, Cursor>> = JSON.parse(readFileSync(fixture, 'utf8'));

test.each(['agents', 'bans', 'agent_timeline', 'chats'])(
  'each state of %s has its cursor in a form that version 1.2 reads, and never in digits that could be misread',
  async (stream) => {
    await withSandbox({ chats: 30, switches: { maxPage: 10 } }, async (sandbox) => {
      const run = await runIn(sandbox);
      const { cursor = '', formats = [] } = cursors[stream] ?? {};
      // The first state is the one that was received: none.
      const values = statesOf(run, stream).flatMap((state) => state[cursor] ?? []);
      expect(values.length).toBeGreaterThan(0);
      for (const value of values) {
        const format = formats.findIndex((one) =>
          new RegExp(one).test(JSON.stringify(value).replaceAll(`"`, ``)),
        );
        expect(format).toBeGreaterThanOrEqual(0);
        expect(format).toBeLessThan(2);
      }
    });
  },
  60_000,
);
