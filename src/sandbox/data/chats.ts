import type { Json, JsonObject } from '../../core/json.ts';
import { conversionItem, historyItems, type ChatContext } from './chat-history.ts';
import templates from './values/templates.json' with { type: 'json' };
import { isoSeconds, secondUs } from './time-formats.ts';
import type { ChatSize } from '../program/options.ts';
import { accountId, departments, type Agent, type DataOptions } from './agents.ts';
import { hash32, Random, toBase62 } from './random.ts';
import type { StoredItem } from './item-store.ts';
import { fullVocabulary, latinOnly, latinVocabulary } from './vocabulary.ts';

const hashDigits = 6;
const latinDepartments = latinOnly(departments);

/** The share of offline messages, which visitors leave while no agent is online. */
const offlineShare = 0.1;

/** The share of chats that use all scripts. The others use western scripts only. */
const internationalShare = 0.25;

/** Options for generating chats, except index and time. */
export interface ChatDataOptions extends DataOptions {
  /** Agents with western names, for chats that use western scripts only. */
  readonly latinAgents: readonly Agent[];
  readonly history: { readonly min: number; readonly max: number };
  readonly chatSize: ChatSize;
}

/**
 * The id of a chat: `YYMM.<account>.<hash>`. Within one second, ids ascend with the index, because exports order by
 * time and id. From second to second, they are not ordered.
 */
function chatId({ seed }: ChatDataOptions, index: number, updated: number): string {
  const month = isoSeconds(updated).slice(2, 7).replace('-', '');
  const hash = toBase62((hash32(seed, updated) * 7) % 62 ** hashDigits, hashDigits);
  return `${month}.${accountId}.${hash}${toBase62(index, 7)}`;
}

function visitorId(index: number): string {
  return `${accountId}.vis${toBase62(index % 50_021, 10)}`;
}

function sessionItem(context: ChatContext): JsonObject {
  const { random, vocabulary, index, isOffline, started, duration } = context;
  const place = random.pick(vocabulary.places);
  const client = random.pick(vocabulary.clients);
  const day = isoSeconds(started).slice(2, 10).replaceAll('-', '');
  // In recordings, offline messages have a zero offset followed by Z.
  const date = (seconds: number): string =>
    isOffline ? isoSeconds(seconds).replace('Z', '+00:00Z') : isoSeconds(seconds);
  return {
    id: `${day}.${accountId}.ses${toBase62(index, 8)}`,
    browser: client.browser,
    platform: client.platform,
    user_agent: client.agent,
    ip: `203.0.113.${random.between(1, 254)}`,
    city: place.city,
    region: place.region,
    country_code: place.code,
    country_name: place.country,
    start_date: date(started - 40),
    end_date: date(started + duration),
  };
}

function webpathItems({ random, vocabulary, isOffline, started }: ChatContext): JsonObject[] {
  if (isOffline) return [];
  return Array.from({ length: random.between(0, 4) }, (_unused, step) => {
    const word = random.pick(vocabulary.pages);
    return {
      from: step === 0 ? '' : 'https://shop.test/',
      to: `https://shop.test/${word}?step=${step}`,
      title: word === '' ? 'Shop: home' : `Shop: ${word}`,
      timestamp: isoSeconds(started - 40 + step * 7),
    };
  });
}

function departmentOf({ random, departments: known }: ChatContext) {
  return random.chance(0.4) ? undefined : random.pick(known);
}

/** The keys of both chats and offline messages, except ids and times. */
function visitorAndSession(context: ChatContext, name: string): JsonObject {
  const { random, vocabulary, index } = context;
  const department = departmentOf(context);
  return {
    visitor: {
      id: visitorId(index),
      name,
      email: random.chance(0.5) ? `visitor${index}@example.test` : '',
      phone: '',
      notes: random.chance(0.05) ? 'asked twice' : '',
    },
    session: sessionItem(context),
    webpath: webpathItems(context),
    tags: random.chance(0.3) ? [random.pick(vocabulary.tags)] : [],
    department_id: department?.id ?? null,
    department_name: department?.name ?? null,
    zendesk_ticket_id: random.chance(0.3) ? 4_000 + index : null,
  };
}

function chatMetrics({ random }: ChatContext, messages: number) {
  const first = random.between(2, 60);
  const max = first + random.between(0, 90);
  const agent = Math.floor(messages / 2);
  return {
    rating: random.chance(0.25) ? (random.chance(0.8) ? 'good' : 'bad') : null,
    response_time:
      messages < 3
        ? { first: null, max: null, avg: null }
        : { first, max, avg: (first + max) / 2 + 0.125 },
    count: { total: messages, agent, visitor: messages - agent },
  };
}

function chatAgents({ random, agents }: ChatContext): Agent[] {
  const first = random.pick(agents);
  const second = random.pick(agents);
  return random.chance(0.15) && second.id !== first.id ? [first, second] : [first];
}

function engagementItem(
  { id, started, duration }: ChatContext,
  metrics: ReturnType<typeof chatMetrics>,
  agent: Agent,
  place: number,
): JsonObject {
  return {
    ...templates.engagement,
    id: `${id}.${place + 1}`,
    agent_id: String(agent.id),
    agent_name: agent.name,
    agent_full_name: agent.fullName,
    started_by: place === 0 ? 'visitor' : 'transfer',
    assigned: place > 0,
    ...metrics,
    timestamp: isoSeconds(started + 8),
    duration: Math.max(0, duration - 8) + 0.25,
  };
}

/** The keys that chats have and offline messages do not. */
function chatOnlyKeys(context: ChatContext, options: ChatDataOptions, visitor: string): JsonObject {
  const { random, started, duration } = context;
  const { min, max } = options.history;
  const agents = chatAgents(context);
  // Most histories are short: the middle of the range is rare, its end very rare.
  const length = min + Math.floor((max - min + 1) * random.next() ** 3);
  const metrics = chatMetrics(context, length);
  const needsSkill = random.chance(0.1);
  const conversions: Json[] = random.chance(0.06) ? [conversionItem(started * 1000)] : [];
  const keys = {
    ...metrics,
    end_timestamp: isoSeconds(started + duration),
    duration,
    missed: length < 3,
    started_by: random.chance(0.9) ? 'visitor' : 'trigger',
    triggered: random.chance(0.2),
    triggered_response: random.chance(0.5) ? null : true,
    dropped: random.chance(0.02),
    abandon_time: random.chance(0.03) ? 12.5 : null,
    comment: metrics.rating !== null && random.chance(0.3) ? 'schnell & freundlich' : null,
    agent_ids: agents.map((agent) => String(agent.id)),
    agent_names: agents.map((agent) => agent.name),
    skills_requested: needsSkill ? [1_400_001] : [],
    skills_fulfilled: needsSkill,
    conversions,
    engagements: agents.map((agent, place) => engagementItem(context, metrics, agent, place)),
  };
  const department = departmentOf(context);
  const { rating } = metrics;
  const historyContext = { ...context, agents, visitorName: visitor, department, rating, length };
  return { ...keys, history: historyItems(historyContext) };
}

/** Generates a chat or an offline message, with the keys in the order of the template. */
function chatItem(options: ChatDataOptions, index: number, updated: number): JsonObject {
  const random = new Random(hash32(options.seed, index + 1));
  const isOffline = random.chance(offlineShare);
  const isInternational = random.chance(internationalShare);
  const duration = isOffline ? 0 : random.between(20, 2400);
  const vocabulary = isInternational ? fullVocabulary : latinVocabulary;
  const context: ChatContext = {
    random,
    vocabulary,
    agents: isInternational ? options.agents : options.latinAgents,
    departments: isInternational ? departments : latinDepartments,
    id: chatId(options, index, updated),
    index,
    isOffline,
    started: updated - duration - random.between(1, 5400),
    duration,
  };
  const name = random.pick(vocabulary.visitorNames);
  const shared = {
    id: context.id,
    timestamp: isoSeconds(context.started),
    update_timestamp: isoSeconds(updated),
    ...visitorAndSession(context, name),
    unread: random.chance(0.2),
  };
  return isOffline
    ? { ...templates.offline, ...shared, message: random.pick(vocabulary.visitorLines) }
    : { ...templates.chats, ...shared, ...chatOnlyKeys(context, options, name) };
}

/** A chat of about 0.3 KB with only a few keys. */
function smallChatItem(options: ChatDataOptions, index: number, updated: number): JsonObject {
  const started = updated - 1 - (hash32(options.seed, index + 1) % 2400);
  return {
    id: chatId(options, index, updated),
    type: templates.chats.type,
    timestamp: isoSeconds(started),
    update_timestamp: isoSeconds(updated),
    deleted: false,
    visitor: {
      id: visitorId(index),
      name: `Visitor ${index}`,
      email: `visitor${index}@example.test`,
    },
    tags: [],
    department_id: null,
    missed: false,
    duration: updated - started,
  };
}

const itemMakers: Readonly<Record<ChatSize, typeof chatItem>> = {
  full: chatItem,
  small: smallChatItem,
};

/** An entry for the chat with this index and update time in seconds. The chat is generated on demand. */
export function chatEntry(options: ChatDataOptions, index: number, updated: number): StoredItem {
  const makeItem = itemMakers[options.chatSize];
  return {
    at: updated * secondUs,
    key: chatId(options, index, updated),
    item: () => makeItem(options, index, updated),
  };
}
