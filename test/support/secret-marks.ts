/** Secrets and personal data that are easy to find wherever they should not be, and where they are put. */
import type { JsonObject } from '../../src/core/json.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import type { TapResult } from './run-tap.ts';
import { textAt } from '../no-loss/fault-account.ts';

/** With everything a token may hold that looks different in an address, in JSON or in a shell. */
export const markedToken = `TOK+9f3c/e1="%'&~?#7b61-do_not.show`;

export const markedSecrets = {
  access_token: markedToken,
  client_id: 'CLIENT-id-51cc-do-not-show',
  client_secret: 'CLIENT-secret-90ab/+=-do-not-show',
  refresh_token: 'REFRESH-77de&%-do-not-show',
};

/** So much of a token is too much. */
const tellingLength = 10;

/** The forms in which a secret may turn up: as it is, in an address, in a form, in JSON, in base64. */
export function formsOf(secret: string): readonly string[] {
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
  ];
}

/** All pieces of a text that reveal too much of it. */
function piecesOf(text: string): readonly string[] {
  const count = Math.max(1, text.length - tellingLength + 1);
  return Array.from({ length: count }, (_, start) => text.slice(start, start + tellingLength));
}

function tellingPieces(secrets: Iterable<string>): ReadonlySet<string> {
  const pieces = [...secrets].flatMap((secret) => formsOf(secret).flatMap(piecesOf));
  return new Set(pieces.filter((piece) => !'do-not-show'.includes(piece)));
}

const markedPieces = tellingPieces(Object.values(markedSecrets));

/** Pieces of secrets in anything the program wrote, in any form: of the marked ones, and of more. */
export function secretsIn(
  { stdout, stderr }: Pick<TapResult, 'stdout' | 'stderr'>,
  more: Iterable<string> = [],
): readonly string[] {
  const written = `${stdout}\n${stderr}`;
  return [...markedPieces, ...tellingPieces(more)].filter((piece) => written.includes(piece));
}

/** Fields of a token request that hold a secret. */
const secretFields = ['client_id', 'client_secret', 'refresh_token', 'code', 'code_verifier'];

/** The secrets in the form of a token request. */
export function secretsOfForm(form: string): readonly string[] {
  const fields = new URLSearchParams(form);
  return secretFields.flatMap((name) => fields.get(name) ?? []);
}

/** One of each kind of personal datum. */
export const person = {
  name: 'Jane PII-7731 Doe',
  email: 'jane.pii7731@example.test',
  phone: '+49 7731 555 0199',
  ip: '198.51.100.77',
  city: 'Piiville-7731',
  text: 'my card number is PII-7731-4242',
  address: 'https://shop.test/orders/PII-7731?name=Jane',
};

/** Personal data in the log. */
export function personalDataIn({ stderr }: TapResult): readonly string[] {
  return [...Object.values(person), 'PII', 'pii', '7731'].filter((datum) => stderr.includes(datum));
}

function markedChat(chat: JsonObject): JsonObject {
  const { history, visitor, session } = chat;
  return {
    visitor: {
      ...(visitor as JsonObject | undefined),
      name: person.name,
      email: person.email,
      phone: person.phone,
      notes: person.text,
    },
    session: {
      ...(session as JsonObject | undefined),
      ip: person.ip,
      city: person.city,
      user_agent: person.text,
    },
    message: person.text,
    comment: person.text,
    tags: [person.text],
    agent_names: [person.name],
    referrer_search_terms: person.text,
    webpath: [{ from: person.address, to: person.address, title: person.text, timestamp: '' }],
    ...(Array.isArray(history) && {
      history: history.map((entry) =>
        Object.assign({}, entry, { name: person.name, msg: person.text }),
      ),
    }),
  };
}

/** Values no column can hold, each with a personal datum in it. */
const oddities: readonly JsonObject[] = [
  { visitor: person.name, session: person.ip },
  { timestamp: person.text, end_timestamp: person.text, duration: person.phone },
  { brand_new: { name: person.name, mails: [person.email] }, brand_new_text: person.text },
  { visitor: { brand_new: person.email, banned: person.text, email: [person.email] } },
  { history: person.text, agent_ids: person.name, count: person.text, missed: person.text },
  { history: [person.text, { type: person.text, timestamp: person.text, msg: [person.text] }] },
  { comment: `\u0000${person.text}\uD83D`, unread: person.text, department_id: person.phone },
  { id: null },
];

/** Puts the person everywhere: into every chat, and into the lists that name people. */
export function markPersons({ account }: Sandbox): void {
  for (const chat of account.dump('chats')) account.patchChat(textAt(chat, 'id'), markedChat(chat));
  for (const agent of account.dump('agents')) {
    const { name, email } = person;
    const names = { display_name: name, first_name: name, last_name: name };
    account.put('agents', { ...agent, ...names, email });
  }
  for (const ban of account.dump('bans')) {
    const key = 'ip_address' in ban ? { ip_address: person.ip } : { visitor_name: person.name };
    account.put('bans', { ...ban, ...key, reason: person.text });
  }
  for (const shortcut of account.dump('shortcuts')) {
    account.put('shortcuts', { ...shortcut, message: person.text, options: person.text });
  }
}

/** Gives some chats values that the tap has to say something about. */
export function markOddities({ account }: Sandbox): void {
  for (const [place, oddity] of oddities.entries()) {
    account.patchChat(account.idAt('chats', place), oddity);
  }
}
