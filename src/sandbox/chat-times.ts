import type { ChatTie } from './options.ts';
import { fraction } from './random.ts';

/** When the chats were last updated, in whole seconds, as a closed form of their place. */
export interface ChatTimes {
  readonly length: number;
  /** Seconds since 1970; never smaller than that of the place before. */
  at(index: number): number;
}

export interface ChatTimesOptions {
  readonly length: number;
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly seed: number;
  readonly ties: readonly ChatTie[];
}

interface TieRange {
  readonly first: number;
  /** The place after the last one. */
  readonly end: number;
  /** The place whose own time all of them have. */
  readonly anchor: number;
}

function firstPlace(tie: ChatTie, length: number): number {
  if (tie.at === 'start') return 0;
  if (tie.at === 'middle') return Math.floor((length - tie.count) / 2);
  if (tie.at === 'head') return length - tie.count;
  return tie.at;
}

function tieRange(tie: ChatTie, length: number): TieRange {
  const first = firstPlace(tie, length);
  const end = first + tie.count;
  if (first < 0 || end > length || tie.count < 1) {
    throw new Error(`A tie of ${tie.count} chats at ${tie.at} does not fit into ${length} chats.`);
  }
  return { first, end, anchor: end === length ? end - 1 : first };
}

/** Spreads chats evenly with some jitter, the last one exactly at the end, and ties where they are asked for. */
export function createChatTimes(options: ChatTimesOptions): ChatTimes {
  const { length, fromSeconds, toSeconds, seed } = options;
  const ranges = options.ties.map((tie) => tieRange(tie, length));
  const gap = (toSeconds - fromSeconds) / Math.max(1, length);
  function ownTime(index: number): number {
    if (index >= length - 1) return toSeconds;
    return fromSeconds + Math.floor((index + fraction(seed, index)) * gap);
  }
  return {
    length,
    at(index) {
      const range = ranges.find(({ first, end }) => index >= first && index < end);
      return ownTime(range?.anchor ?? index);
    },
  };
}
