import { ConfigError } from '../../core/errors.ts';
import type { Account } from './account.ts';
import hostile from './values/hostile.json' with { type: 'json' };
import { isoSeconds } from './time-formats.ts';
import { hostileKinds, type HostileKind, type ResolvedOptions } from '../program/options.ts';
import { rawJson, type Patch } from './raw-json.ts';

const secondsPerHour = 3600;

/** 2^53 + 1, which a double cannot represent. */
const beyondSafe = '9007199254740993';

function datePatches(at: number): Patch[] {
  const plain = isoSeconds(at).slice(0, -1);
  const local = isoSeconds(at + 5 * secondsPerHour).slice(0, -1);
  const odd = [
    '',
    `${plain}+00:00Z`,
    plain,
    `${local}+05:00`,
    '20001-01-01T00:00:00Z',
    'yesterday',
    `${plain}.123456789Z`,
    '2024-02-30T00:00:00Z',
    `${plain}.000000Z`,
    at,
    at * 1000 + 120,
    at * 1_000_000 + 7,
    20_240_101,
  ];
  return [
    { update_timestamp: `${plain}+00:00Z` },
    { update_timestamp: at },
    ...odd.map((time) => ({ end_timestamp: time, timestamp: time })),
  ];
}

/** The patches of a kind. Each one is applied to a different chat. `at` is the chat's update time in seconds. */
function patchesOf(kind: HostileKind, at: number, bytes: number): readonly Patch[] {
  switch (kind) {
    case 'dates':
      return datePatches(at);
    case 'big-integer':
      return [
        { zendesk_ticket_id: rawJson(beyondSafe), brand_new_number: rawJson(`-${beyondSafe}`) },
      ];
    case 'no-key':
      return [{ id: undefined }, { id: null }];
    case 'big-chat':
      return [{ comment: 'x'.repeat(bytes) }];
    default:
      return hostile[kind];
  }
}

function requestedKinds(requested: ResolvedOptions['hostile']): readonly HostileKind[] {
  if (requested === true) return hostileKinds.filter((kind) => kind !== 'big-chat');
  return requested === false ? [] : requested;
}

/** Adds the requested hostile values to chats that are spread over the range. Keeps the order of the chats. */
export function injectHostileChats(account: Account, settings: ResolvedOptions): void {
  const total = account.count('chats');
  const makers = requestedKinds(settings.hostile).flatMap((kind) =>
    patchesOf(kind, 0, 0).map((_patch, place) => ({ kind, place })),
  );
  if (makers.length > total) {
    throw new ConfigError(
      `Hostile values need at least ${makers.length} chats, and there are ${total}.`,
    );
  }
  for (const [turn, { kind, place }] of makers.entries()) {
    const index = Math.floor(((turn + 1) * total) / (makers.length + 1));
    const at = account.timeAt('chats', index);
    const patch = patchesOf(kind, at, settings.bigChatBytes)[place];
    account.patchChat(account.idAt('chats', index), patch ?? {});
  }
}
