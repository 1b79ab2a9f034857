import type { JsonObject } from '../json.ts';
import { isoPaddedMs, isoSeconds } from './instants.ts';
import type { Agent, Department } from './people.ts';
import { departments } from './people.ts';
import type { NonEmpty, Random } from './random.ts';
import type { Words } from './words.ts';

/** What all entries of one chat's history have to know. */
export interface Talk {
  readonly random: Random;
  readonly words: Words;
  readonly visitorName: string;
  readonly agents: NonEmpty<Agent>;
  readonly channel: string;
  readonly department: Department | null;
  readonly startMs: number;
  readonly durationMs: number;
  readonly rating: string | null;
  /** Number of entries. */
  readonly length: number;
}

/** The keys of one entry that depend on its type, as JSON text without braces, ending in a comma if there are any. */
interface Own {
  readonly type: string;
  readonly byAgent: boolean;
  readonly keys: string;
}

function visitorMessage({ random, words }: Talk, atMs: number): Own {
  const id = random.chance(0.1) ? String(atMs) : `"${atMs}"`;
  const keys = `"msg":${random.pick(words.visitorLines)},"msg_id":${id},"options":"",`;
  return { type: 'chat.msg', byAgent: false, keys };
}

function agentMessage({ random, words }: Talk): Own {
  const options = random.chance(0.05) ? 'Yes/No' : '';
  const keys = `"msg":${random.pick(words.agentLines)},"options":"${options}",`;
  return { type: 'chat.msg', byAgent: true, keys };
}

function own(type: string, byAgent: boolean, keys: JsonObject): Own {
  return { type, byAgent, keys: `${JSON.stringify(keys).slice(1, -1)},`.replace(/^,$/, '') };
}

/** A conversion as chats embed it. */
export function conversionItem(atMs: number): JsonObject {
  const at = isoSeconds(Math.floor(atMs / 1000));
  return {
    id: `conversion-${atMs}`,
    goal_id: 520_001,
    goal_name: 'Bought',
    timestamp: at,
    attribution: {
      agent_id: null,
      agent_name: null,
      department_id: departments[0].id,
      department_name: departments[0].name,
      chat_timestamp: at,
    },
  };
}

function attachment({ random }: Talk, atMs: number): JsonObject {
  return {
    name: 'Rechnung für Zoë.pdf',
    size: random.between(900, 90_000),
    type: 'file',
    mime_type: 'application/pdf',
    url: `https://files.test/${atMs}`,
    deleted: false,
  };
}

function transfer({ department }: Talk): JsonObject {
  return {
    department_id: departments[1]?.id ?? null,
    department_name: departments[1]?.name ?? null,
    prev_department_id: department === null ? null : String(department.id),
  };
}

/**
 * The rare kinds. Recorded: tag, comment. Known by their keys only, the name of the type being a guess: rating, file,
 * request.rating, transfer, skill, conversion, trigger.
 */
const rareEntries: NonEmpty<(talk: Talk, atMs: number) => Own> = [
  ({ random, words }) => own('chat.tag', true, { tags: [], new_tags: [random.pick(words.tags)] }),
  ({ rating }) => own('chat.rating', false, { rating: null, new_rating: rating ?? 'good' }),
  () => own('chat.comment', false, { comment: null, new_comment: 'très bien' }),
  () => own('chat.request.rating', true, {}),
  (talk, atMs) => own('chat.file', false, { attachment: attachment(talk, atMs) }),
  (talk) => own('chat.transfer', true, transfer(talk)),
  () => own('chat.skill', true, { skills_name: ['german', 'returns'] }),
  (_talk, atMs) => own('chat.conversion', false, { conversion: conversionItem(atMs) }),
  () => own('chat.trigger', true, { nick: 'trigger', msg: 'Still there?' }),
];

const agentJoins: Own = { type: 'chat.memberjoin', byAgent: true, keys: '' };
const visitorLeaves: Own = own('chat.memberleave', false, { reason: 'disconnect_user' });

function ownKeys(talk: Talk, index: number, atMs: number): Own {
  const { random, department, length } = talk;
  if (index === 0) {
    const { id = null, name = null } = department ?? {};
    return own('chat.memberjoin', false, { department_id: id, department_name: name });
  }
  if (index === 1) {
    return length > 3 ? agentJoins : visitorMessage(talk, atMs);
  }
  if (index === length - 1) return visitorLeaves;
  if (random.chance(0.08)) return random.pick(rareEntries)(talk, atMs);
  return random.chance(0.5) ? visitorMessage(talk, atMs) : agentMessage(talk);
}

/**
 * The history as the JSON text of an array, its entries in the order of their times. It is written as text because a
 * page of chats is mostly history. `index` is the position, as newer exports have it.
 */
export function historyText(talk: Talk): string {
  const stepMs = talk.durationMs / talk.length;
  const visitor = JSON.stringify(talk.visitorName);
  const agentNames = talk.agents.map(({ name }) => JSON.stringify(name));
  const entries: string[] = [];
  for (let index = 0; index < talk.length; index += 1) {
    const atMs = Math.floor(talk.startMs + index * stepMs + talk.random.next() * stepMs);
    const { type, byAgent, keys } = ownKeys(talk, index, atMs);
    const agent = agentNames[index % agentNames.length] ?? visitor;
    entries.push(
      `{"type":"${type}","name":${byAgent ? agent : visitor},"channel":"${talk.channel}",` +
        `"timestamp":"${isoPaddedMs(atMs)}",${keys}"index":${index},` +
        `"sender_type":"${byAgent ? 'Agent' : 'Visitor'}"}`,
    );
  }
  return `[${entries.join(',')}]`;
}
