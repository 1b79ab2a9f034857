/** What the account holds, by stream: asked of the sandbox, never of the program under test. */
import { resourceOf } from '../helpers/oracle.ts';
import type { Sandbox, SandboxOptions } from './stage.ts';

export type Item = Record<string, unknown>;

/** Names of all streams, in alphabetical order. */
export const streams = Object.keys(resourceOf).sort();

/**
 * Values that the API should not send and that make consumers stop, or drop a record without a word; a chat
 * without an id is not among them: it fails its stream.
 */
export const unexpectedValues: NonNullable<SandboxOptions['hostile']> = [
  'nul',
  'surrogates',
  'dates',
  'types',
  'fractions',
  'unknown-fields',
  'webpath-arrays',
  'big-integer',
];

export function itemsOf({ account }: Sandbox, stream: string): readonly Item[] {
  return [...account.dump(resourceOf[stream] ?? 'chats')];
}

/** @returns how many items each stream has */
export function countsOf(sandbox: Sandbox): Readonly<Record<string, number>> {
  return Object.fromEntries(streams.map((name) => [name, itemsOf(sandbox, name).length]));
}

/**
 * How many records a second read must bring: streams without a bookmark whole; of the others nothing, or
 * what lies at the very instant of the bookmark, where more may have come since.
 */
export function secondReadOf(sandbox: Sandbox): Readonly<Record<string, number>> {
  const newest = Math.max(...chatTimes(sandbox));
  const repeated = chatTimes(sandbox).filter((time) => time === newest).length;
  const nothingNew = { agents: 0, bans: 0, agent_timeline: 1, chats: repeated };
  return { ...countsOf(sandbox), ...nothingNew };
}

function chatTimes(sandbox: Sandbox) {
  return itemsOf(sandbox, 'chats').map(({ update_timestamp: time }) =>
    // The API is known to write both zones at once.
    typeof time === 'number' ? time * 1000 : Date.parse(String(time).replace('+00:00Z', 'Z')),
  );
}
