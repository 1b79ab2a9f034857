import type { NonEmpty } from './random.ts';

/** Made-up people, places and sentences. Nobody here exists; addresses are of the reserved test kinds. */
const visitorNames: NonEmpty<string> = [
  'Visitor 48213091',
  'Cy Example',
  'Ann Example',
  'Bo Lindqvist',
  'Chloé Dùpont',
  'Đặng Thị Mai',
  '山田 太郎',
  '김민준',
  'محمد علي',
  'שרה כהן',
  'Zoë 🦊',
];

export const firstNames: NonEmpty<string> = [
  'Ann',
  'Bo',
  'Chloé',
  'Dai',
  'Eero',
  'Fatima',
  'Goran',
  'Hana',
  'Ines',
  'Jun',
  '小林',
  'Łucja',
];

export const lastNames: NonEmpty<string> = ['', 'Berg', 'Costa', 'Dubois', 'Ó Briain', 'Tanaka'];

export interface Place {
  readonly city: string;
  readonly region: string;
  readonly code: string;
  readonly country: string;
}

const places: NonEmpty<Place> = [
  { city: 'Bonn', region: 'Nordrhein-Westfalen', code: 'DE', country: 'Germany' },
  { city: 'São Paulo', region: 'São Paulo', code: 'BR', country: 'Brazil' },
  { city: '大阪市', region: '大阪府', code: 'JP', country: 'Japan' },
  { city: 'القاهرة', region: '', code: 'EG', country: 'Egypt' },
  { city: 'Reykjavík', region: '', code: 'IS', country: 'Iceland' },
  { city: 'Austin', region: 'Texas', code: 'US', country: 'United States' },
];

export interface Client {
  readonly browser: string;
  readonly platform: string;
  readonly agent: string;
}

const clients: NonEmpty<Client> = [
  {
    browser: 'Firefox',
    platform: 'Linux',
    agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0',
  },
  {
    browser: 'Chrome',
    platform: 'Windows',
    agent:
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36',
  },
  {
    browser: 'Safari',
    platform: 'iPhone',
    agent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1',
  },
];

const visitorLines: NonEmpty<string> = [
  'hello',
  'Where is my order? It should have been here on Tuesday, but the tracking page has not moved since.',
  'I tried that already, thank you.',
  'Ich hätte gern eine Rechnung für die letzte Bestellung, bitte an die Buchhaltung.',
  'その商品はいつ再入荷しますか？',
  '발송이 언제 되나요?',
  'أين طلبي؟ الرقم هو 4711',
  'האם אפשר לשנות את הכתובת?',
  'it says "error 17" \\ and then nothing\nhappens 😕',
  'ok 👍🏽',
  'The size is wrong, can I send it back without the box?',
];

const agentLines: NonEmpty<string> = [
  'Hi, how can I help you today?',
  'Let me have a look at that for you. It will take me a minute or two.',
  'Could you tell me the order number, please? It starts with the letter A.',
  'I have asked the warehouse to send another one by express. You will get a message with the tracking number.',
  'Vielen Dank für Ihre Geduld. Die Rechnung ist unterwegs.',
  'お待たせいたしました。来週の月曜日に入荷予定です。',
  'Is there anything else I can do for you?',
  'You are welcome 🙂 Have a nice day!',
];

const tagWords: NonEmpty<string> = ['vip', 'refund', 'shipping', 'großkunde', '返品', 'bug'];

const pageWords: NonEmpty<string> = ['', 'pricing', 'cart', 'help/returns', 'blog/été', 'checkout'];

/** The words that one chat is made of. */
export interface Words {
  readonly visitorNames: NonEmpty<string>;
  readonly places: NonEmpty<Place>;
  readonly clients: NonEmpty<Client>;
  /** As JSON texts, as are the lines of agents. */
  readonly visitorLines: NonEmpty<string>;
  readonly agentLines: NonEmpty<string>;
  readonly tags: NonEmpty<string>;
  readonly pages: NonEmpty<string>;
}

/** Does its JSON text need no more than one byte per character in memory? */
function isLatin(value: unknown): boolean {
  return !/[^ -ÿ]/.test(JSON.stringify(value));
}

/** The items that a western chat may use; the first if there is none. */
export function latinOnly<T>(list: NonEmpty<T>): NonEmpty<T> {
  const [first = list[0], ...others] = list.filter(isLatin);
  return [first, ...others];
}

function quoted([first, ...others]: NonEmpty<string>): NonEmpty<string> {
  return [JSON.stringify(first), ...others.map((text) => JSON.stringify(text))];
}

/** Every script there is. */
export const allWords: Words = {
  visitorNames,
  places,
  clients,
  visitorLines: quoted(visitorLines),
  agentLines: quoted(agentLines),
  tags: tagWords,
  pages: pageWords,
};

/** Western scripts only, which is what most chats of most accounts are made of. */
export const latinWords: Words = {
  visitorNames: latinOnly(visitorNames),
  places: latinOnly(places),
  clients,
  visitorLines: quoted(latinOnly(visitorLines)),
  agentLines: quoted(latinOnly(agentLines)),
  tags: latinOnly(tagWords),
  pages: latinOnly(pageWords),
};
