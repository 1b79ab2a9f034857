/**
 * Items as the API sends them, made from a seed: chats and offline messages, which have other keys, and
 * agents. Their sizes are chosen; nothing in them is real.
 */
import { createDice, type Dice } from '../lossless/dice.ts';

export type Item = Record<string, unknown> & { id: string | number };

interface ItemSpec {
  /** Which of the page's items; no two have the same. */
  readonly index: number;
  /** About how long its JSON is. */
  readonly bytes: number;
  /** One word of twenty is not ASCII. */
  readonly isUnicode: boolean;
}

const accountId = 3_141_592;
const startSeconds = Date.UTC(2024, 0, 1) / 1000;

const consonants = 'b c d f g h j k l m n p r s t v w'.split(' ');
const vowels = 'a e i o u'.split(' ');

/** As many as people use: text of a few words alone would shrink in gzip as no text does. */
const words = makeWords(createDice(1), 4000);

const strangeWords = ['返品', '配送状況', 'спасибо', 'заказ', '🙂', '🚚📦', 'naïve', 'größer'];

/** What must be escaped in JSON. */
const awkward = ['\n', ' "quoted" ', ' C:\\orders\\open ', '\t', '\r\n'];

const people = ['Ada Young', 'Ben Ortiz', 'Cleo Hart', 'Dana Fox', 'Eli Stone', 'Fay Wood'];
const places = [
  ['Madrid', 'Madrid', 'ES', 'Spain'],
  ['Osaka', 'Osaka', 'JP', 'Japan'],
  ['Leeds', 'England', 'GB', 'United Kingdom'],
];
const browser =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36';

function makeWords(dice: Dice, count: number) {
  const syllable = () => dice.one(consonants) + dice.one(vowels);
  return Array.from({ length: count }, () =>
    Array.from({ length: dice.between(1, 4) }, syllable).join(''),
  );
}

function instant(seconds: number) {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

function sentence(dice: Dice, characters: number, isUnicode: boolean) {
  let text = dice.one(words);
  while (text.length < characters) {
    const isStrange = isUnicode && dice.percent(5);
    const gap = dice.percent(1) ? dice.one(awkward) : ' ';
    text += gap + dice.one(isStrange ? strangeWords : words);
  }
  return text;
}

function session(
  dice: Dice,
  seconds: number,
  { index, isOffline }: { index: number; isOffline: boolean },
) {
  const [city, region, country_code, country_name] = dice.one(places);
  // Recorded offline messages have this odd form of a date.
  const zone = isOffline ? '+00:00Z' : 'Z';
  return {
    id: `240101.${accountId}.s${index}`,
    browser: 'Chrome',
    platform: 'Windows',
    user_agent: browser,
    ip: `203.0.113.${dice.between(1, 254)}`,
    city,
    region,
    country_code,
    country_name,
    start_date: instant(seconds - 40).replace('Z', zone),
    end_date: instant(seconds + 600).replace('Z', zone),
  };
}

function webpath(dice: Dice, seconds: number) {
  return Array.from({ length: dice.between(0, 3) }, (_unused, step) => ({
    from: step === 0 ? '' : 'https://shop.test/',
    to: `https://shop.test/orders?step=${step}`,
    title: 'Shop: your orders',
    timestamp: instant(seconds - 30 + step * 7),
  }));
}

/** What chats and offline messages have in common. */
function head(dice: Dice, { index, isUnicode }: ItemSpec, isOffline: boolean) {
  const seconds = startSeconds + index * 3;
  const hasTicket = dice.percent(30);
  return {
    id: `2401.${accountId}.c${index}`,
    type: isOffline ? 'offline_msg' : 'chat',
    timestamp: instant(seconds),
    update_timestamp: instant(seconds + 900),
    deleted: false,
    unread: dice.percent(10),
    visitor: {
      id: `${accountId}.v${index}`,
      name: isUnicode && dice.percent(20) ? 'Мария 山田' : dice.one(people),
      email: dice.percent(50) ? `visitor${index}@example.test` : '',
      phone: '',
      notes: '',
    },
    session: session(dice, seconds, { index, isOffline }),
    webpath: isOffline ? [] : webpath(dice, seconds),
    tags: dice.percent(30) ? ['order', 'late'] : [],
    department_id: dice.percent(60) ? 480_001 : null,
    department_name: dice.percent(60) ? 'Sales' : null,
    zendesk_ticket_id: hasTicket ? 4000 + index : null,
  };
}

function figures(dice: Dice, seconds: number, id: string) {
  const rating = dice.percent(25) ? dice.one(['good', 'bad']) : null;
  const response_time = { first: dice.between(2, 60), max: 95, avg: dice.between(2, 60) + 0.125 };
  const count = { total: 9, agent: 4, visitor: 5 };
  const agent = dice.between(0, people.length - 1);
  const agent_id = String(4_120_000 + agent);
  const engagement = {
    id: `${id}.1`,
    agent_id,
    agent_name: people[agent],
    agent_full_name: people[agent],
    department_id: null,
    started_by: 'visitor',
    assigned: false,
    accepted: true,
    rating,
    comment: null,
    skills_requested: [],
    skills_fulfilled: false,
    timestamp: instant(seconds + 8),
    duration: 592.25,
    response_time,
    count,
  };
  return {
    end_timestamp: instant(seconds + 600),
    duration: 600,
    missed: false,
    started_by: 'visitor',
    triggered: false,
    triggered_response: null,
    comment: null,
    rating,
    response_time,
    count,
    agent_ids: [agent_id],
    agent_names: [people[agent]],
    skills_requested: [],
    skills_fulfilled: false,
    referrer_search_engine: '',
    referrer_search_terms: '',
    conversions: [],
    engagements: [engagement],
  };
}

/** Entries until the whole is as long as wanted. */
function history(
  dice: Dice,
  { item, spec, bytes, name }: { item: object; spec: ItemSpec; bytes: number; name: string },
) {
  const channel = `#supportchat:${accountId}-c${spec.index}`;
  const startMs = (startSeconds + spec.index * 3) * 1000;
  let length = JSON.stringify(item).length;
  const entries = [];
  for (let index = 0; length < bytes || index < 1; index += 1) {
    const isAgent = index % 2 === 1;
    const at = new Date(startMs + index * 7001 + 807).toISOString().replace('Z', '000Z');
    const common = { name: isAgent ? people[0] : name, channel, timestamp: at, index };
    const entry =
      index === 0
        ? { type: 'chat.memberjoin', ...common, department_id: null, department_name: null }
        : {
            type: 'chat.msg',
            ...common,
            msg: sentence(dice, dice.between(5, 120), spec.isUnicode),
            ...(isAgent ? {} : { msg_id: String(startMs + index) }),
            options: '',
            sender_type: isAgent ? 'Agent' : 'Visitor',
          };
    entries.push(entry);
    length += JSON.stringify(entry).length + 1;
  }
  return entries;
}

/** A chat, or one time in ten an offline message. */
export function makeChat(dice: Dice, spec: ItemSpec): Item {
  const isOffline = dice.percent(10);
  const bytes = (spec.bytes * dice.between(60, 140)) / 100;
  const item = head(dice, spec, isOffline);
  if (isOffline) {
    const characters = Math.max(20, bytes - JSON.stringify(item).length - 20);
    return { ...item, message: sentence(dice, characters, spec.isUnicode) };
  }
  const seconds = startSeconds + spec.index * 3;
  const chat = { ...item, ...figures(dice, seconds, item.id) };
  // The last entry crosses the line: on average by half of itself.
  const about = { item: chat, spec, bytes: bytes - 150, name: item.visitor.name };
  return { ...chat, history: history(dice, about) };
}

/** An agent as older accounts have it, or one time in ten with the keys of newer ones. */
export function makeAgent(dice: Dice, { index }: { index: number }): Item {
  const [first_name = '', last_name = ''] = dice.one(people).split(' ');
  const departments = dice.percent(50) ? [480_001] : [];
  const rest = dice.percent(10)
    ? { last_login: null, role_id: 3, departments, enabled_departments: departments, skills: [] }
    : { roles: { administrator: false, owner: false }, departments };
  return {
    id: 4_120_000 + index,
    email: `a${index}@shop.test`,
    display_name: first_name,
    first_name,
    last_name,
    enabled: dice.percent(80) ? 1 : 0,
    create_date: instant(startSeconds + index),
    login_count: dice.between(0, 900),
    ...rest,
  };
}
