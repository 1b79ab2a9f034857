import type { Json, JsonObject } from '../json.ts';
import type { Talk } from './chat-history.ts';
import { conversionItem } from './chat-history.ts';
import { isoSeconds } from './instants.ts';
import type { Agent, Department } from './people.ts';
import { departments, skillIds } from './people.ts';
import type { NonEmpty, Random } from './random.ts';
import { toBase62 } from './random.ts';
import type { Words } from './words.ts';
import { latinOnly } from './words.ts';

/** All that a chat is made from, besides its place and time. */
export interface ChatWorld {
  readonly seed: number;
  readonly accountId: number;
  readonly agents: NonEmpty<Agent>;
  /** Those with western names, who talk in the chats that are western altogether. */
  readonly latinAgents: NonEmpty<Agent>;
  readonly history: { readonly min: number; readonly max: number };
}

/** What the parts of one chat have in common. Times in seconds since 1970. */
export interface ChatFrame {
  readonly random: Random;
  /** Every script there is, or western ones only? */
  readonly isInternational: boolean;
  readonly words: Words;
  readonly id: string;
  readonly index: number;
  readonly accountId: number;
  readonly started: number;
  readonly durationSeconds: number;
}

/** The zero offset followed by a Z, which recordings of offline messages have. */
function oddDate(seconds: number): string {
  return `${isoSeconds(seconds).slice(0, -1)}+00:00Z`;
}

function sessionItem(frame: ChatFrame, isOffline: boolean): JsonObject {
  const { random, words, accountId, index, started, durationSeconds } = frame;
  const place = random.pick(words.places);
  const client = random.pick(words.clients);
  const day = isoSeconds(started).slice(2, 10).replaceAll('-', '');
  const date = isOffline ? oddDate : isoSeconds;
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
    end_date: date(started + durationSeconds),
  };
}

function webpathItems({ random, words, started }: ChatFrame): JsonObject[] {
  return Array.from({ length: random.between(0, 4) }, (_unused, step) => {
    const word = random.pick(words.pages);
    return {
      from: step === 0 ? '' : 'https://shop.test/',
      to: `https://shop.test/${word}?step=${step}`,
      title: word === '' ? 'Shop: home' : `Shop: ${word}`,
      timestamp: isoSeconds(started - 40 + step * 7),
    };
  });
}

/** The keys that chats and offline messages have in common, besides the head. */
export function visitorAndSession(
  frame: ChatFrame,
  isOffline: boolean,
): JsonObject & { visitor: JsonObject & { name: string } } {
  const { random, words, accountId, index } = frame;
  const name = random.pick(words.visitorNames);
  const department = departmentOf(frame);
  return {
    visitor: {
      id: `${accountId}.vis${toBase62(index % 50_021, 10)}`,
      name,
      email: random.chance(0.5) ? `visitor${index}@example.test` : '',
      phone: '',
      notes: random.chance(0.05) ? 'asked twice' : '',
    },
    session: sessionItem(frame, isOffline),
    webpath: isOffline ? [] : webpathItems(frame),
    tags: random.chance(0.3) ? [random.pick(words.tags)] : [],
    department_id: department?.id ?? null,
    department_name: department?.name ?? null,
    zendesk_ticket_id: random.chance(0.3) ? 4_000 + index : null,
  };
}

/** Mostly short, as talks are: the middle of the range is rare, its end very rare. */
function historyLength({ random }: ChatFrame, { min, max }: ChatWorld['history']): number {
  return min + Math.floor((max - min + 1) * random.next() ** 3);
}

interface Figures extends JsonObject {
  rating: string | null;
  response_time: JsonObject;
  count: JsonObject;
}

function figures({ random }: ChatFrame, messages: number): Figures {
  const isMissed = messages < 3;
  const first = random.between(2, 60);
  const max = first + random.between(0, 90);
  const agent = Math.floor(messages / 2);
  return {
    rating: random.chance(0.25) ? (random.chance(0.8) ? 'good' : 'bad') : null,
    response_time: isMissed
      ? { first: null, max: null, avg: null }
      : { first, max, avg: (first + max) / 2 + 0.125 },
    count: { total: messages, agent, visitor: messages - agent },
  };
}

function engagementItems(
  frame: ChatFrame,
  agents: readonly Agent[],
  measured: Figures,
): JsonObject[] {
  return agents.map((agent, place) => ({
    id: `${frame.id}.${place + 1}`,
    agent_id: String(agent.id),
    agent_name: agent.name,
    agent_full_name: agent.fullName,
    department_id: null,
    started_by: place === 0 ? 'visitor' : 'transfer',
    assigned: place > 0,
    accepted: true,
    rating: measured.rating,
    comment: null,
    skills_requested: [],
    skills_fulfilled: false,
    timestamp: isoSeconds(frame.started + 8),
    duration: Math.max(0, frame.durationSeconds - 8) + 0.25,
    response_time: measured.response_time,
    count: measured.count,
  }));
}

function talkingAgents({ random, isInternational }: ChatFrame, world: ChatWorld): NonEmpty<Agent> {
  const agents = isInternational ? world.agents : world.latinAgents;
  const first = random.pick(agents);
  const second = random.pick(agents);
  return random.chance(0.15) && second.id !== first.id ? [first, second] : [first];
}

const latinDepartments = latinOnly(departments);

function departmentOf({ random, isInternational }: ChatFrame): Department | null {
  if (random.chance(0.4)) return null;
  return random.pick(isInternational ? departments : latinDepartments);
}

function talkOf(
  frame: ChatFrame,
  world: ChatWorld,
  known: Pick<Talk, 'visitorName' | 'agents' | 'length' | 'rating'>,
): Talk {
  return {
    visitorName: known.visitorName,
    agents: known.agents,
    length: known.length,
    rating: known.rating,
    random: frame.random,
    words: frame.words,
    channel: `#supportchat:${world.accountId}-${toBase62(frame.index, 12)}`,
    department: departmentOf(frame),
    startMs: frame.started * 1000,
    durationMs: frame.durationSeconds * 1000,
  };
}

/** The keys that only a chat has, not an offline message, and what its history is made from. */
export function chatParts(
  frame: ChatFrame,
  world: ChatWorld,
  visitorName: string,
): { readonly item: JsonObject; readonly talk: Talk } {
  const { random, started, durationSeconds } = frame;
  const agents = talkingAgents(frame, world);
  const length = historyLength(frame, world.history);
  const measured = figures(frame, length);
  const needsSkill = random.chance(0.1);
  const conversions: Json[] = random.chance(0.06) ? [conversionItem(started * 1000)] : [];
  const item: JsonObject = {
    end_timestamp: isoSeconds(started + durationSeconds),
    duration: durationSeconds,
    missed: length < 3,
    started_by: random.chance(0.9) ? 'visitor' : 'trigger',
    triggered: random.chance(0.2),
    triggered_response: random.chance(0.5) ? null : true,
    proactive: false,
    dropped: random.chance(0.02),
    abandon_time: random.chance(0.03) ? 12.5 : null,
    comment: measured.rating !== null && random.chance(0.3) ? 'schnell & freundlich' : null,
    ...measured,
    agent_ids: agents.map((agent) => String(agent.id)),
    agent_names: agents.map((agent) => agent.name),
    skills_requested: needsSkill ? [skillIds[0]] : [],
    skills_fulfilled: needsSkill,
    referrer_search_engine: '',
    referrer_search_terms: '',
    conversions,
    engagements: engagementItems(frame, agents, measured),
  };
  return {
    item,
    talk: talkOf(frame, world, { visitorName, agents, length, rating: measured.rating }),
  };
}
