/** The items of the account by stream, from the sandbox and not from the program under test. */
import { streams as table } from '../../../src/zendesk/streams.ts';
import { itemsOf as itemsIn, resourceOf } from '../../support/oracle.ts';
import type { Sandbox, SandboxOptions } from './stage.ts';

export type Item = Record<string, unknown>;

/** Names of all streams, in alphabetical order. */
export const streams = Object.keys(resourceOf).sort();

/** Those that are read without `extra_streams`. */
export const defaultStreams = streams.filter((stream) =>
  table.some(({ name, isDefault }) => name === stream && isDefault),
);

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

export function itemsOf(sandbox: Sandbox, stream: string): readonly Item[] {
  return itemsIn(sandbox, stream);
}

/** @returns how many items each stream has */
export function countsOf(
  sandbox: Sandbox,
  names: readonly string[] = streams,
): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name) => [name, itemsOf(sandbox, name).length]));
}
