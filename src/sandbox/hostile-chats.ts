import type { Account } from './account.ts';
import { isoSeconds } from './instants.ts';
import type { HostileKind, SandboxOptions } from './options.ts';
import { hostileKinds } from './options.ts';
import type { Patch } from './raw-json.ts';
import { rawJson } from './raw-json.ts';

const defaultBigChatBytes = 30_000_000;
const secondsPerHour = 3600;

/** The next whole number after the last one that a double can hold. */
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

/** What each kind does to a chat, one chat per patch. `at` is the chat's update time in seconds. */
const patchesOf: Readonly<Record<HostileKind, (at: number, bytes: number) => readonly Patch[]>> = {
  nul: () => [
    {
      comment: 'a\u0000b',
      message: 'tab\tline\r\nbell\u0007',
      tags: ['\u0000'],
      visitor: { id: 'v', name: 'N\u0000ul' },
    },
  ],
  surrogates: () => [{ comment: 'half \uD83D only', message: '\uDE00 half', tags: ['\uDC00'] }],
  dates: datePatches,
  types: () => [
    { unread: 1, department_id: '2200000001', duration: '450' },
    { visitor: 'gone', session: [], webpath: {}, rating: { value: 'good' }, missed: 0 },
    { history: null, tags: 'vip', count: 'many', response_time: null, agent_ids: [7, null] },
    { comment: ['not', 'a', 'text'], department_name: 17, triggered_response: 'yes' },
    {
      history: [
        { type: 'chat.msg', msg_id: 1_714_979_289_123 },
        { type: 'chat.transfer', department_id: '2200000001', prev_department_id: 'sales' },
      ],
    },
  ],
  fractions: () => [
    {
      duration: 450.5,
      department_id: 2_200_000_001.25,
      count: { total: 1.5, agent: 1.0, visitor: 0 },
    },
  ],
  'unknown-fields': () => [
    {
      brand_new: { deep: [1, null] },
      'odd key ✨': true,
      visitor: { id: 'v', name: 'n', brand_new: 1 },
      webpath: [{ title: 't', brand_new: null }],
    },
  ],
  'webpath-arrays': () => [{ webpath: [[1, 'https://shop.test/', null], ['x'], null, 7, 'text'] }],
  'big-integer': () => [
    { zendesk_ticket_id: rawJson(beyondSafe), brand_new_number: rawJson(`-${beyondSafe}`) },
  ],
  'no-key': () => [{ id: undefined }, { id: null }],
  'big-chat': (_at, bytes) => [{ comment: 'x'.repeat(bytes) }],
};

function wantedKinds(options: SandboxOptions): readonly HostileKind[] {
  if (options.hostile === true) return hostileKinds.filter((kind) => kind !== 'big-chat');
  return options.hostile === undefined || options.hostile === false ? [] : options.hostile;
}

/** Puts the hostile values that the options ask for into chats spread over the whole range. The chats stay in their places. */
export function injectHostileChats(account: Account, options: SandboxOptions): void {
  const bytes = options.bigChatBytes ?? defaultBigChatBytes;
  const total = account.count('chats');
  const makers = wantedKinds(options).flatMap((kind) =>
    patchesOf[kind](0, 0).map((_patch, place) => ({ kind, place })),
  );
  if (makers.length > total) {
    throw new Error(`Hostile values need at least ${makers.length} chats, and there are ${total}.`);
  }
  for (const [turn, { kind, place }] of makers.entries()) {
    const index = Math.floor(((turn + 1) * total) / (makers.length + 1));
    const patch = patchesOf[kind](account.timeAt('chats', index), bytes)[place];
    account.patchChat(account.idAt('chats', index), patch ?? {});
  }
}
