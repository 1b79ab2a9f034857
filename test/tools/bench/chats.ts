/** Items as the API sends them: chats of the sandbox with text from a seed, and agents. Their sizes are chosen. */
import type { JsonObject } from '../../../src/core/json.ts';
import { createDice, type Dice } from '../../no-loss/dice.ts';

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

/** A realistic number of words: text with few words would compress too well. */
const words = makeWords(createDice(1), 4000);

const strangeWords = ['返品', '配送状況', 'спасибо', 'заказ', '🙂', '🚚📦', 'naïve', 'größer'];

/** Characters that JSON must escape. */
const awkward = ['\n', ' "quoted" ', ' C:\\orders\\open ', '\t', '\r\n'];

const people = ['Ada Young', 'Ben Ortiz', 'Cleo Hart', 'Dana Fox', 'Eli Stone', 'Fay Wood'];

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

/** Entries up to the requested total length. */
function history(
  dice: Dice,
  { item, spec, bytes }: { item: object; spec: ItemSpec; bytes: number },
) {
  const channel = `#supportchat:${accountId}-c${spec.index}`;
  const startMs = (startSeconds + spec.index * 3) * 1000;
  let length = JSON.stringify(item).length;
  const entries = [];
  for (let index = 0; length < bytes || index < 1; index += 1) {
    const isAgent = index % 2 === 1;
    const at = new Date(startMs + index * 7001 + 807).toISOString().replace('Z', '000Z');
    const common = { name: people[isAgent ? 0 : 1], channel, timestamp: at, index };
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

function inAscii<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll(/[^ -~]/g, 'x'));
}

/** A chat or an offline message of the sandbox with text of the requested length and alphabet. */
export function makeChat(dice: Dice, sent: JsonObject, spec: ItemSpec): Item {
  const bytes = (spec.bytes * dice.between(60, 140)) / 100;
  const { history: _replaced, ...all } = spec.isUnicode ? sent : inAscii(sent);
  const item = all as Item;
  if (item['type'] === 'offline_msg') {
    const characters = Math.max(20, bytes - JSON.stringify(item).length);
    return { ...item, message: sentence(dice, characters, spec.isUnicode) };
  }
  // The last entry crosses the line: on average by half of itself.
  return { ...item, history: history(dice, { item, spec, bytes: bytes - 150 }) };
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
