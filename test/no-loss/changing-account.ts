/** An account that changes while it is read, with its own clock, and the final content of a target. */
import type { JsonObject } from '../../src/core/json.ts';
import type { SandboxOptions, HookRequest } from '../../src/sandbox/program/options.ts';
import type { Switches } from '../../src/sandbox/program/switches.ts';
import { incrementalCatalog } from '../support/catalogs.ts';
import { lossesOf } from '../support/oracle.ts';
import type { Output, TapResult } from '../support/run-tap.ts';
import { withWorld, type World } from '../support/world.ts';
import type { Dice } from './dice.ts';
import { textAt } from './fault-account.ts';
import { withFront } from './front-server.ts';

const streams: readonly string[] = [
  'agents',
  'agent_timeline',
  'chats',
  'chat_engagements',
  'chat_messages',
];

const catalog = incrementalCatalog(streams);

/** The newest chat is 20 seconds old. Items of the last five minutes must be read again by the next run. */
const account: SandboxOptions = {
  chats: 120,
  days: 3,
  history: { min: 1, max: 2 },
  timeline: 60,
  newestAgeSeconds: 20,
};

export interface ChangingOptions {
  readonly sandbox?: SandboxOptions;
  readonly switches?: Partial<Switches>;
  readonly lookbackMinutes?: number;
  /** Default: that of the config. */
  readonly readAhead?: number;
  /** Called before each response while `isBusy` is true. */
  readonly onRequest?: (world: ChangingWorld, request: HookRequest) => void;
  /** The tap's machine is so much ahead of the API at first. Default 0. */
  readonly aheadSeconds?: number;
  /** The API's responses have no `Date`. */
  readonly isTimeless?: boolean;
}

export interface ChangingWorld extends Pick<World, 'sandbox' | 'clock'> {
  /** Ids of chats that disappeared without a trace, which a reader cannot notice. */
  readonly gone: Set<string>;
  isBusy: boolean;
  /** The difference between the tap's clock and the API's clock, which is frozen. */
  aheadSeconds: number;
  run(state?: JsonObject): Promise<TapResult>;
}

/** Starts such an account for as long as `work` takes. */
export async function withChanges(
  { sandbox: options, switches, lookbackMinutes = 0, readAhead, ...input }: ChangingOptions,
  work: (world: ChangingWorld) => Promise<void>,
): Promise<void> {
  const onRequest = (request: HookRequest): void => {
    const [world] = worlds;
    if (world?.isBusy === true) input.onRequest?.(world, request);
  };
  const worlds: ChangingWorld[] = [];
  const all = { ...account, ...options, switches: { maxPage: 20, ...switches }, onRequest };
  await withWorld(all, async ({ sandbox, clock, run }) => {
    const workAt = (sandboxUrl: string): Promise<void> => {
      const world: ChangingWorld = {
        sandbox,
        clock,
        gone: new Set(),
        isBusy: true,
        aheadSeconds: input.aheadSeconds ?? 0,
        run: (state = {}) => {
          const tapClock = { ...clock, now: () => clock.now() + world.aheadSeconds * 1000 };
          const config = {
            lookback_minutes: lookbackMinutes,
            ...(readAhead !== undefined && { read_ahead: readAhead }),
          };
          return run({ sandboxUrl, config, catalog, clock: tapClock, state });
        },
      };
      worlds.push(world);
      return work(world);
    };
    if (input.isTimeless === true)
      await withFront(sandbox.url, { isTimeless: true }, (front) => workAt(front));
    else await workAt(sandbox.url);
  });
}

export function secondsOf({ clock }: ChangingWorld): number {
  return Math.floor(clock.now() / 1000);
}

export function pass({ clock }: ChangingWorld, seconds: number): void {
  clock.pass(seconds * 1000);
}

/** Deletes chats, and records those whose deletion a reader cannot notice. */
export function deleteChats({ sandbox, gone }: ChangingWorld, ids: readonly string[]): void {
  const deleted = sandbox.account.delete({ ids });
  for (const id of deleted) gone.add(id);
}

/** The missing, outdated and invented records of a target that replaces records by key. */
export function staleness(world: ChangingWorld, runs: readonly Output[]): readonly string[] {
  return lossesOf(world.sandbox, runs, streams).filter(
    (fault) =>
      !fault.endsWith(' is invented') || ![...world.gone].some((id) => fault.includes(`"${id}"`)),
  );
}

export function bookmarkSeconds({ lastState }: Output): number {
  const bookmarks = lastState['bookmarks'] as Record<string, JsonObject | undefined>;
  const text = bookmarks['chats']?.['update_timestamp'];
  return Date.parse(typeof text === 'string' ? text : '') / 1000;
}

export function updatedSeconds(chat: JsonObject): number {
  return Date.parse(textAt(chat, 'update_timestamp')) / 1000;
}

/** Ids of the account's chats that were last updated at this time or later. */
export function chatsSince({ sandbox }: ChangingWorld, seconds: number): readonly unknown[] {
  return [...sandbox.account.dump('chats')]
    .filter((chat) => updatedSeconds(chat) >= seconds)
    .map(({ id }) => id);
}

const statuses = ['online', 'away', 'invisible'];
let spans = 0;

/** A new span of an agent that ends at this time. */
export function addSpan({ sandbox }: ChangingWorld, endSeconds: number): void {
  spans += 1;
  const startSeconds = endSeconds - 1;
  const micros = String(spans % 1_000_000).padStart(6, '0');
  sandbox.account.put('agent_timeline', {
    agent_id: 380_000_000_001,
    start_time: new Date(startSeconds * 1000).toISOString().replace('000Z', `${micros}Z`),
    status: statuses[spans % statuses.length] ?? '',
    duration: 1,
    engagement_count: spans % 4,
  });
}

/** Anything that can happen to an account in one moment, nothing of it later than five minutes. */
export function changeSomething(world: ChangingWorld, dice: Dice, asked: string | undefined): void {
  const { sandbox } = world;
  const at = secondsOf(world) - dice.one([0, 0, 0, 1, 30, 200, 299]);
  const places = { count: dice.between(1, 3), at };
  const ids = asked === undefined ? [] : [asked];
  const actions: readonly (() => void)[] = [
    () => void sandbox.account.edit(places),
    () => void sandbox.account.edit({ at, ids }),
    () => void sandbox.account.edit({ at, ids: [chatAt(world, dice.between(0, 119))] }),
    () => void sandbox.account.add(places),
    () => void sandbox.account.late({ at: secondsOf(world) - dice.between(0, 299) }),
    () => deleteChats(world, ids),
    () => deleteChats(world, [chatAt(world, dice.between(0, 119))]),
    () => addSpan(world, at),
    () => pass(world, dice.between(0, 30)),
  ];
  dice.one(actions)();
}

/** The id of the chat that had this position at the start; any text if it has disappeared. */
function chatAt({ sandbox }: ChangingWorld, place: number): string {
  try {
    return sandbox.account.idAt('chats', place);
  } catch {
    // A RangeError: the chat has disappeared.
    return '';
  }
}

/** The chats there were at the start, in the order of their updates now. */
export function chatsOf(world: ChangingWorld): readonly { id: string; seconds: number }[] {
  const { account: held } = world.sandbox;
  return Array.from({ length: 120 }, (_, place) => place)
    .filter((place) => chatAt(world, place) !== '')
    .map((place) => ({ id: held.idAt('chats', place), seconds: held.timeAt('chats', place) }))
    .toSorted((a, b) => a.seconds - b.seconds || (a.id < b.id ? -1 : 1));
}
