import type { Account } from './account.ts';
import { pageEntries, unitTime } from './export-pages.ts';
import type { ExportQuery } from './export-query.ts';
import { readExportQuery } from './export-query.ts';
import type { Entry } from './export-store.ts';
import { entryText } from './export-store.ts';
import { secondUs } from './instants.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';
import { okReply } from './reply.ts';
import type { ExportName } from './resources.ts';
import { unitUs } from './resources.ts';
import type { Stores } from './stores.ts';
import type { EmptyEnd, EmptyPages, EveryNth, Switches } from './switches.ts';

/** What answers are made from. */
export interface AnswerWorld {
  readonly stores: Stores;
  readonly account: Account;
  readonly switches: () => Switches;
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
}

export interface ExportAnswers {
  /** The page a query asks for. `origin` is where `next_page` points. Raises a refusal. */
  answer(name: ExportName, query: Query, origin: string): Reply;
}

interface Page {
  readonly asked: ExportQuery;
  readonly entries: readonly Entry[];
}

interface Envelope extends Page {
  readonly name: ExportName;
  readonly emptyEnd: EmptyEnd;
  readonly origin: string;
  /** Is this one of the answers that the switch `envelope` means? */
  readonly isChanged: boolean;
}

/** Of the exports, only agent_events are known to give a fraction in `end_time` (a client's type says so). */
function endTimeOf({ name, asked, entries, emptyEnd }: Envelope): number | null {
  const last = entries.at(-1);
  if (last === undefined) return { echo: asked.startTime, null: null, zero: 0 }[emptyEnd];
  return name === 'agent_events' ? last.timeUs / secondUs : unitTime(name, last);
}

function inWrongUnit(name: ExportName, time: number | null): number | null {
  if (time === null) return null;
  return unitUs(name) === 1 ? Math.floor(time / secondUs) : Math.floor(time) * secondUs;
}

/** Brackets and asterisks are encoded too, as recorded links have them. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Always there, also on the last page: there is no end flag in this API. */
function nextPage(envelope: Envelope, hasIds: boolean): string {
  const { name, asked, entries, origin } = envelope;
  const last = entries.at(-1);
  const startTime = last === undefined ? asked.startTime : unitTime(name, last);
  const startId = last?.id ?? asked.startId;
  const parts = [
    ...(asked.fields === undefined ? [] : [`fields=${encode(asked.fields)}`]),
    `limit=${asked.limit}`,
    `start_time=${startTime}`,
    ...(hasIds && startId !== '' ? [`start_id=${encode(startId)}`] : []),
  ];
  return `${origin}/api/v2/chat/incremental/${name}?${parts.join('&')}`;
}

/** The body of a page, in pieces. */
function* envelopeTexts(envelope: Envelope, switches: Switches): Generator<string> {
  const { name, asked, entries, isChanged } = envelope;
  const hasIds = switches.endIds.includes(name);
  const endTime = endTimeOf(envelope);
  const change = isChanged ? switches.envelope : null;
  const last = entries.at(-1);
  const echoedId = asked.startId === '' ? null : asked.startId;
  const parts: readonly (readonly [string, unknown])[] = [
    ['count', entries.length],
    ['end_time', change?.wrongUnit === true ? inWrongUnit(name, endTime) : endTime],
    ...(hasIds ? [['end_id', last?.id ?? echoedId] as const] : []),
    ['next_page', nextPage(envelope, hasIds)],
  ];
  const omitted: readonly string[] = change?.omit ?? [];
  const nulls: readonly string[] = change?.nulls ?? [];
  const rest = parts
    .filter(([key]) => !omitted.includes(key))
    .map(([key, value]) => `,"${key}":${JSON.stringify(nulls.includes(key) ? null : value)}`);
  yield `{"${name}":[`;
  let separator = '';
  for (const entry of entries) {
    yield separator + entryText(entry, asked.keys);
    separator = ',';
  }
  yield `]${rest.join('')}}`;
}

function isMeant(rule: EveryNth | null, name: ExportName, turn: number): boolean {
  if (rule === null || (rule.resource ?? name) !== name) return false;
  return rule.every === undefined || turn % rule.every === 0;
}

/** The switch `emptyPages`, with the memory that "the first so many times" needs. */
function createEmptying() {
  const hits = new WeakMap<EmptyPages, number>();
  return (rule: EmptyPages | null, name: ExportName, turn: number, page: Page): boolean => {
    if (rule === null || (rule.resource ?? name) !== name) return false;
    if (rule.every !== undefined && turn % rule.every === 0) return true;
    if (rule.atStartTime === page.asked.startTime && page.asked.startId === '') return true;
    const isHit =
      rule.atItem !== undefined && page.entries.some(({ index }) => index === rule.atItem);
    const before = hits.get(rule) ?? 0;
    if (!isHit || before >= (rule.times ?? 1)) return false;
    hits.set(rule, before + 1);
    return true;
  };
}

/**
 * The exports. An answer depends on the stored data and the query alone, except where a switch says "each n-th
 * request", "the first times" or "the one before it once more".
 */
export function createExportAnswers(world: AnswerWorld): ExportAnswers {
  const turns = new Map<ExportName, number>();
  const lastReplies = new Map<ExportName, Reply>();
  const isEmptied = createEmptying();

  function compose(name: ExportName, asked: ExportQuery, turn: number, origin: string): Reply {
    const switches = world.switches();
    const { shortPages, emptyPages } = switches;
    const size = isMeant(shortPages, name, turn) ? shortPages?.size : undefined;
    const limited = size === undefined ? asked : { ...asked, limit: Math.min(size, asked.limit) };
    const all = pageEntries(name, world.stores.exports[name], limited, switches);
    const isEmpty = isEmptied(emptyPages, name, turn, { asked, entries: all });
    const entries = isEmpty ? [] : all;
    const emptyEnd = isEmpty ? (emptyPages?.endTime ?? 'null') : switches.emptyEnd;
    const isChanged = isMeant(switches.envelope, name, turn);
    const envelope = { name, asked, entries, emptyEnd, origin, isChanged };
    return okReply(
      { [Symbol.iterator]: () => envelopeTexts(envelope, switches) },
      entries.map((entry) => entry.id),
    );
  }
  return {
    answer(name, query, origin) {
      const switches = world.switches();
      const asked = readExportQuery(name, query, world.now(), switches);
      const turn = (turns.get(name) ?? 0) + 1;
      turns.set(name, turn);
      const isRepeated = isMeant(switches.repeatPage, name, turn);
      const reply =
        (isRepeated ? lastReplies.get(name) : undefined) ?? compose(name, asked, turn, origin);
      lastReplies.set(name, reply);
      return reply;
    },
  };
}
