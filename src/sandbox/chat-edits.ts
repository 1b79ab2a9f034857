import type { AccountChanges, AccountWorld } from './account-changes.ts';
import { chatId, chatItem } from './chats.ts';
import { mix } from './random.ts';

/** Which chats to touch: these, or so many the sandbox chooses (default 1), at this time (default: now). */
export interface ChatChoice {
  readonly ids?: readonly string[];
  readonly count?: number;
  /** The new update time in seconds since 1970. */
  readonly at?: number;
}

/** The changes that happen to chats in real life. */
export interface ChatEdits {
  /** Gives chats new tags, a new rating and a new update time. Returns their ids. */
  edit(choice?: ChatChoice): string[];
  /** Deletes chats as the switch `deletedChats` says. Returns their ids. */
  delete(choice?: ChatChoice): string[];
  /** New chats, now or at a given time. Returns their ids. */
  add(choice?: Omit<ChatChoice, 'ids'>): string[];
  /** Late arrivals: new chats whose update time lies in the past (default: 20 minutes). Returns their ids. */
  late(choice?: Omit<ChatChoice, 'ids'>): string[];
}

const lateSeconds = 1200;

/** Picks chats that exist, without picking one twice. */
function createChooser({ stores }: AccountWorld) {
  const store = stores.exports.chats;
  let round = 0;
  return ({ ids, count = 1 }: ChatChoice): readonly string[] => {
    if (ids !== undefined) return ids.filter((id) => store.find(id) !== undefined);
    const chosen = new Set<string>();
    for (let tries = 0; chosen.size < count && tries < stores.chats * 4; tries += 1) {
      round += 1;
      const entry = store.atIndex(mix(stores.chatWorld.seed + 5, round) % stores.chats);
      if (entry !== undefined) chosen.add(entry.id);
    }
    return [...chosen];
  };
}

/** The edits of an account's chats; the same calls in the same order choose the same chats. */
export function createChatEdits(world: AccountWorld, changes: AccountChanges): ChatEdits {
  const { stores } = world;
  const choose = createChooser(world);
  let nextIndex = stores.chats;
  let edits = 0;
  const nowSeconds = (): number => Math.floor(world.now() / 1000);
  function addAt(count: number, seconds: number): string[] {
    return Array.from({ length: count }, () => {
      const index = nextIndex;
      nextIndex += 1;
      changes.put('chats', chatItem(stores.chatWorld, index, seconds));
      return chatId(stores.chatWorld, index, seconds);
    });
  }
  return {
    edit(choice = {}) {
      return choose(choice).map((id) => {
        edits += 1;
        const patch = {
          tags: ['edited', `edit-${edits}`],
          rating: edits % 2 === 0 ? 'good' : 'bad',
        };
        changes.patchChat(id, patch, choice.at ?? nowSeconds());
        return id;
      });
    },
    delete(choice = {}) {
      const isGone = world.switches().deletedChats === 'gone';
      return choose(choice).map((id) => {
        if (isGone) changes.remove('chats', id);
        else changes.patchChat(id, { deleted: true }, choice.at ?? nowSeconds());
        return id;
      });
    },
    add: (choice = {}) => addAt(choice.count ?? 1, choice.at ?? nowSeconds()),
    late: (choice = {}) => addAt(choice.count ?? 1, choice.at ?? nowSeconds() - lateSeconds),
  };
}
