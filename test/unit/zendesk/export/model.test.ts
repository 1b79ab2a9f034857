import { expect, test } from '@jest/globals';

import { readModel, type ModelItem, type ModelOptions } from '../../../support/export-model.ts';
import { createDice } from '../../../no-loss/dice.ts';
import { chosen } from '../../../no-loss/whole-set.ts';

const t0 = Date.UTC(2026, 0, 5) / 1000;

/** Items in bursts: most seconds hold one or two, some hold many. */
function account(seed: number): ModelItem[] {
  const random = createDice(seed).next;
  const items: ModelItem[] = [];
  let time = t0;
  while (items.length < 60) {
    time += 1 + Math.floor(random() * 3);
    const burst = random() < 0.2 ? Math.floor(random() * 15) : 1;
    for (let index = 0; index < burst; index += 1) {
      items.push({ id: `c${Math.floor(random() * 1e9)}`, time });
    }
  }
  return items;
}

const missing = (items: readonly ModelItem[], ids: Iterable<unknown>): string[] => {
  const seen = new Set(ids);
  return items.filter(({ id }) => !seen.has(id)).map(({ id }) => id);
};

const allSeeds = Array.from({ length: 40 }, (_, index) => index + 1);
const seeds = chosen(allSeeds, (seed) => seed <= 10);
const modes = ['exclusive', 'inclusive', 'lookup'] as const;

test.each(modes.flatMap((startId) => seeds.map((seed) => [startId, seed] as const)))(
  'start_id %s, account %i: everything is read, also from every bookmark on the way',
  async (startId, seed) => {
    const random = createDice(seed * 31).next;
    const options: ModelOptions = {
      items: account(seed),
      startId,
      clamp: 3 + Math.floor(random() * 10),
      hasEndId: true,
      ...(random() < 0.3 ? { emptyEvery: 5 + Math.floor(random() * 5) } : {}),
    };
    const whole = await readModel(options);
    expect(missing(options.items, whole.ids)).toEqual([]);
    const before: unknown[] = [];
    for (const { items, checkpoint } of whole.pages) {
      before.push(...items.map((item) => item['id']));
      if (checkpoint === undefined) continue;
      const rest = await readModel(options, checkpoint);
      expect(missing(options.items, [...before, ...rest.ids])).toEqual([]);
    }
  },
);

test.each(seeds)(
  'without end_id, account %i: everything is read, or it is an error',
  async (seed) => {
    const options: ModelOptions = {
      items: account(seed),
      startId: 'ignored',
      clamp: 10,
      hasEndId: false,
    };
    const ids = await readModel(options).then(
      (reading) => reading.ids,
      (error: unknown) => {
        expect(String(error)).toMatch(/more records at one time/);
        return options.items.map(({ id }) => id);
      },
    );
    expect(missing(options.items, ids)).toEqual([]);
  },
);
