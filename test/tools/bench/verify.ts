/** Before anything is timed: what a program writes are the input's records, and nothing else. */
import { discoverStreams } from '../../../dist/sync/discover-streams.js';
import type { JsonObject } from '../../../src/core/json.ts';
import { expectedRecord } from '../../support/oracle.ts';
import { hugeTicket } from './pages.ts';
import type { Variant } from './cases.ts';
import type { Item, PageSet } from './pages.ts';

/** The value without what was not selected. */
function without(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (Array.isArray(value)) {
    const below = paths.filter(([step]) => step === '*').map(([, ...rest]) => rest);
    return value.map((item) => without(item, below));
  }
  if (typeof value !== 'object' || value === null || paths.length === 0) return value;
  const entries = Object.entries(value).flatMap(([key, child]) => {
    const below = paths.filter(([step]) => step === key).map(([, ...rest]) => rest);
    return below.some((rest) => rest.length === 0) ? [] : [[key, without(child, below)]];
  });
  return Object.fromEntries(entries);
}

/** The record that is to be made of an item: its integer that is too large is kept elsewhere. */
function recordOf(
  stream: string,
  item: Item,
  columns: readonly string[],
  deselected: readonly (readonly string[])[],
) {
  const record: Record<string, unknown> = expectedRecord(stream, item as JsonObject, columns);
  if (item['zendesk_ticket_id'] === hugeTicket) {
    record['zendesk_ticket_id'] = null;
    record['additional_fields'] = JSON.stringify({ '/zendesk_ticket_id': `~${hugeTicket}` });
  }
  return JSON.stringify(without(record, deselected));
}

function expectation(
  { stream }: PageSet,
  { program = 'floor', deselected = [] }: Variant,
): (item: Item) => string {
  if (program.startsWith('floor')) return (item) => JSON.stringify(item);
  const description = discoverStreams([]).find(({ name }) => name === stream);
  const columns = Object.keys(description?.schema.properties ?? {});
  const paths = deselected.map((path) => path.split('.'));
  return (item) => recordOf(stream, item, columns, paths);
}

/**
 * The items a program is given, in their order. Over HTTP a page begins with the last item of the one
 * before it, which only the floor writes again.
 */
function givenItems({ items }: PageSet, { kind, program = 'floor' }: Variant, count: number) {
  const page = (index: number) => items[index % items.length] ?? [];
  return Array.from({ length: count }, (_unused, index) => {
    if (kind === 'file') return page(index);
    const isRepeated = index > 0 && program.startsWith('floor');
    return [...(isRepeated ? page(index - 1).slice(-1) : []), ...page(index).slice(1)];
  }).flat();
}

function* recordsIn(bytes: Buffer) {
  for (let from = 0, end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
    const { type, record } = JSON.parse(bytes.toString('utf8', from, end));
    if (type === 'RECORD') yield JSON.stringify(record.data ?? record);
    from = end + 1;
  }
}

/**
 * @param count Pages that were read.
 * @throws Error for the first record that is not the one it should be
 */
export function verify(variant: Variant, pages: PageSet, count: number, output: Buffer): void {
  const expected = expectation(pages, variant);
  const items = givenItems(pages, variant, count);
  let place = 0;
  for (const found of recordsIn(output)) {
    const item = items[place];
    place += 1;
    const wanted = item === undefined ? 'nothing' : expected(item);
    if (found === wanted) continue;
    const told = `expected ${wanted.slice(0, 2000)}\nfound    ${found.slice(0, 2000)}`;
    throw new Error(`${variant.name}: record ${place} is not the input's:\n${told}`);
  }
  if (place < items.length) {
    throw new Error(`${variant.name}: ${place} records of ${items.length} were written`);
  }
}
