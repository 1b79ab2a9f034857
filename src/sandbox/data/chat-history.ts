import type { JsonObject } from '../../core/json.ts';
import templates from './values/templates.json' with { type: 'json' };
import { isoPaddedMs, isoSeconds } from './time-formats.ts';
import { accountId, departments, type Agent } from './agents.ts';
import { cyclicItem, toBase62, type Random } from './random.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Data that all parts of a chat use. Times are in seconds since 1970. */
export interface ChatContext {
  readonly random: Random;
  readonly vocabulary: Vocabulary;
  readonly agents: readonly Agent[];
  readonly departments: typeof departments;
  readonly id: string;
  readonly index: number;
  readonly isOffline: boolean;
  readonly started: number;
  readonly duration: number;
}

/** Additional data for the entries of the history. */
interface HistoryContext extends ChatContext {
  readonly visitorName: string;
  readonly department: { readonly id: number; readonly name: string } | undefined;
  readonly rating: string | null;
  /** Number of entries. */
  readonly length: number;
}

/** `keys` are the keys that depend on the type. */
type HistoryEntry = readonly [type: string, byAgent: boolean, keys: JsonObject];

const [, support] = departments;

function visitorMessage({ random, vocabulary }: HistoryContext, atMs: number): HistoryEntry {
  const isNumber = random.chance(0.1);
  const msg = random.pick(vocabulary.visitorLines);
  return ['chat.msg', false, { msg, msg_id: isNumber ? atMs : String(atMs), options: '' }];
}

function agentMessage({ random, vocabulary }: HistoryContext): HistoryEntry {
  const options = random.chance(0.05) ? 'Yes/No' : '';
  return ['chat.msg', true, { msg: random.pick(vocabulary.agentLines), options }];
}

/** A conversion in the format that chats embed. */
export function conversionItem(atMs: number): JsonObject {
  const timestamp = isoSeconds(Math.floor(atMs / 1000));
  const attribution = { ...templates.conversion.attribution, chat_timestamp: timestamp };
  return { ...templates.conversion, id: `conversion-${atMs}`, timestamp, attribution };
}

/**
 * Rare types of entries. Recordings exist for tag and comment. For rating, file, request.rating, transfer, skill,
 * conversion and trigger, only the keys are known; the names of the types are a guess.
 */
const rareEntries: readonly ((context: HistoryContext, atMs: number) => HistoryEntry)[] = [
  ({ random, vocabulary }) => [
    'chat.tag',
    true,
    { tags: [], new_tags: [random.pick(vocabulary.tags)] },
  ],
  ({ rating }) => ['chat.rating', false, { rating: null, new_rating: rating ?? 'good' }],
  () => ['chat.comment', false, { comment: null, new_comment: 'très bien' }],
  () => ['chat.request.rating', true, {}],
  ({ random }, atMs) => {
    const file = { size: random.between(900, 90_000), url: `https://files.test/${atMs}` };
    return ['chat.file', false, { attachment: { ...templates.attachment, ...file } }];
  },
  ({ department }) => {
    const to = { department_id: support?.id ?? null, department_name: support?.name ?? null };
    const prev_department_id = department === undefined ? null : String(department.id);
    return ['chat.transfer', true, { ...to, prev_department_id }];
  },
  () => ['chat.skill', true, { skills_name: ['german', 'returns'] }],
  (_context, atMs) => ['chat.conversion', false, { conversion: conversionItem(atMs) }],
  () => ['chat.trigger', true, { nick: 'trigger', msg: 'Still there?' }],
];

function entryAt(context: HistoryContext, index: number, atMs: number): HistoryEntry {
  const { random, department, length } = context;
  if (index === 0) {
    const { id = null, name = null } = department ?? {};
    return ['chat.memberjoin', false, { department_id: id, department_name: name }];
  }
  if (index === 1)
    return length > 3 ? ['chat.memberjoin', true, {}] : visitorMessage(context, atMs);
  if (index === length - 1) return ['chat.memberleave', false, { reason: 'disconnect_user' }];
  if (random.chance(0.08)) return random.pick(rareEntries)(context, atMs);
  return random.chance(0.5) ? visitorMessage(context, atMs) : agentMessage(context);
}

/** The history in order of time. `index` is the position, as in newer exports. */
export function historyItems(context: HistoryContext): JsonObject[] {
  const startMs = context.started * 1000;
  const stepMs = (context.duration * 1000) / context.length;
  const channel = `#supportchat:${accountId}-${toBase62(context.index, 12)}`;
  return Array.from({ length: context.length }, (_unused, index) => {
    const atMs = Math.floor(startMs + index * stepMs + context.random.next() * stepMs);
    const [type, byAgent, keys] = entryAt(context, index, atMs);
    return {
      type,
      name: byAgent ? cyclicItem(context.agents, index).name : context.visitorName,
      channel,
      timestamp: isoPaddedMs(atMs),
      ...keys,
      index,
      sender_type: byAgent ? 'Agent' : 'Visitor',
    };
  });
}
