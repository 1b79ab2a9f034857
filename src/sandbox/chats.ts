import type { JsonObject } from '../json.ts';
import type { ChatTimes } from './chat-times.ts';
import type { Talk } from './chat-history.ts';
import { historyText } from './chat-history.ts';
import type { ChatWorld } from './chat-parts.ts';
import { chatParts, visitorAndSession } from './chat-parts.ts';
import type { Series } from './export-store.ts';
import { isoSeconds, secondUs } from './instants.ts';
import { createRandom, fromBase62, mix, toBase62 } from './random.ts';
import { allWords, latinWords } from './words.ts';

const placeDigits = 7;
const hashDigits = 6;
const hashRange = 62 ** hashDigits;

/** A tenth of all chats are messages left while nobody was there. */
const offlineShare = 0.1;

/** A quarter uses every script, the others western ones only. */
const internationalShare = 0.25;

/**
 * The id of the chat of this place: `YYMM.<account>.<hash>`. Within one second ids ascend with the place, as the order
 * of exports needs it; from second to second they jump.
 */
export function chatId(world: ChatWorld, index: number, updatedSeconds: number): string {
  const month = isoSeconds(updatedSeconds).slice(2, 7).replace('-', '');
  const hash = toBase62((mix(world.seed, updatedSeconds) * 7) % hashRange, hashDigits);
  return `${month}.${world.accountId}.${hash}${toBase62(index, placeDigits)}`;
}

function placeInId(id: string): number | undefined {
  return fromBase62(id.slice(-placeDigits));
}

/** A chat without its history, in parts, and what the history is made from. Offline messages have none. */
interface Bare {
  readonly parts: readonly JsonObject[];
  readonly talk: Talk | undefined;
}

/** The two kinds have different keys. */
function bareChat(world: ChatWorld, index: number, updatedSeconds: number): Bare {
  const random = createRandom(mix(world.seed, index + 1));
  const id = chatId(world, index, updatedSeconds);
  const isOffline = random.chance(offlineShare);
  const isInternational = random.chance(internationalShare);
  const durationSeconds = isOffline ? 0 : random.between(20, 2400);
  const frame = {
    random,
    isInternational,
    words: isInternational ? allWords : latinWords,
    id,
    index,
    accountId: world.accountId,
    started: updatedSeconds - durationSeconds - random.between(1, 5400),
    durationSeconds,
  };
  const shared = visitorAndSession(frame, isOffline);
  const head: JsonObject = {
    id,
    type: isOffline ? 'offline_msg' : 'chat',
    timestamp: isoSeconds(frame.started),
    update_timestamp: isoSeconds(updatedSeconds),
    deleted: false,
    unread: random.chance(0.2),
  };
  if (isOffline) {
    const message: unknown = JSON.parse(random.pick(frame.words.visitorLines));
    return { parts: [head, { message: String(message) }, shared], talk: undefined };
  }
  const { item, talk } = chatParts(frame, world, shared.visitor.name);
  return { parts: [head, shared, item], talk };
}

/** The chat of this place. If only some keys are wanted, the history may be left out. */
export function chatItem(
  world: ChatWorld,
  index: number,
  updatedSeconds: number,
  keys?: readonly string[],
): JsonObject {
  const { parts, talk } = bareChat(world, index, updatedSeconds);
  const item: JsonObject = Object.assign({}, ...parts);
  if (talk === undefined || keys?.includes('history') === false) return item;
  const history: unknown = JSON.parse(historyText(talk));
  if (Array.isArray(history)) item['history'] = history;
  return item;
}

/** The same as JSON text, three times as fast. */
function chatText(world: ChatWorld, index: number, updatedSeconds: number): string {
  const { parts, talk } = bareChat(world, index, updatedSeconds);
  const texts = parts.map((part) => JSON.stringify(part).slice(1, -1));
  if (talk !== undefined) texts.push(`"history":${historyText(talk)}`);
  return `{${texts.join(',')}}`;
}

/** The chats as a series in the order of their update times. */
export function chatSeries(world: ChatWorld, times: ChatTimes): Series {
  const idAt = (index: number): string => chatId(world, index, times.at(index));
  return {
    length: times.length,
    timeAt: (index) => times.at(index) * secondUs,
    idAt,
    itemAt: (index, keys) => chatItem(world, index, times.at(index), keys),
    textAt: (index) => chatText(world, index, times.at(index)),
    indexOf(id) {
      const index = placeInId(id);
      if (index === undefined || index >= times.length) return undefined;
      return idAt(index) === id ? index : undefined;
    },
  };
}
