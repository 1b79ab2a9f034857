import { ConfigError } from '../../core/errors.ts';
import type { ChatTie, ResolvedOptions } from '../program/options.ts';
import type { DataOptions } from './agents.ts';
import { timesOfPlaces } from './density.ts';
import { hashFraction } from './random.ts';

function firstPlace({ at, count }: ChatTie, chats: number): number {
  if (at === 'start') return 0;
  if (at === 'middle') return Math.floor((chats - count) / 2);
  return at === 'head' ? chats - count : at;
}

/**
 * The update times of the chats in seconds: distributed by the density with some jitter, the last one exactly at the
 * end of the range, with the requested ties.
 */
export function chatTimes(
  { seed, range: [fromSeconds, to] }: DataOptions,
  { chats, density, ties }: Pick<ResolvedOptions, 'chats' | 'density' | 'ties'>,
): number[] {
  const load = { fromSeconds, seconds: to - fromSeconds, chats, seed };
  const places = Array.from(
    { length: chats },
    (_unused, index) => index + hashFraction(seed, index),
  );
  const untied = [...timesOfPlaces(density, load, places).slice(0, -1), to];
  const times = untied.slice(0, chats);
  for (const tie of ties) {
    const first = firstPlace(tie, chats);
    const end = first + tie.count;
    if (first < 0 || end > chats || tie.count < 1) {
      throw new ConfigError(
        `A tie of ${tie.count} chats at ${tie.at} does not fit into ${chats} chats.`,
      );
    }
    times.fill(untied[end === chats ? chats - 1 : first] ?? to, first, end);
  }
  return times;
}
