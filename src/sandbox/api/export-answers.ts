import type { JsonObject } from '../../core/json.ts';
import type { Account } from '../data/account.ts';
import { pageEntries, unitTime } from './export-pages.ts';
import { readExportQuery, type ExportQuery } from './export-query.ts';
import { secondUs } from '../data/time-formats.ts';
import type { Query } from './query.ts';
import { applyPatch, wireText } from '../data/raw-json.ts';
import { okReply, type Reply } from './reply.ts';
import { unitOf, type ExportName } from '../data/resources.ts';
import type { Entry, Store } from '../data/store.ts';
import type {
  EmptyEnd,
  EmptyPages,
  EnvelopeChange,
  EveryNth,
  Switches,
} from '../program/switches.ts';

/** What answers are made from. */
export interface AnswerWorld {
  readonly account: Account;
  readonly switches: () => Switches;
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
}

interface Page {
  readonly name: ExportName;
  readonly asked: ExportQuery;
  readonly entries: readonly Entry[];
  readonly emptyEnd: EmptyEnd;
  /** Where `next_page` points. */
  readonly origin: string;
  readonly hasIds: boolean;
}

/** Of the exports, only agent_events are known to give a fraction in `end_time` (a client's type says so). */
function endTimeOf({ name, asked, entries, emptyEnd }: Page): number | null {
  const last = entries.at(-1);
  if (last === undefined) return { echo: asked.startTime, null: null, zero: 0 }[emptyEnd];
  return name === 'agent_events' ? last.at / secondUs : unitTime(name, last);
}

function inWrongUnit(name: ExportName, time: number): number {
  return unitOf(name) === 1 ? Math.floor(time / secondUs) : Math.floor(time) * secondUs;
}

/** Brackets and asterisks are encoded too, as recorded links have them. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Always there, also on the last page: there is no end flag in this API. */
function nextPage({ name, asked, entries, origin, hasIds }: Page): string {
  const last = entries.at(-1);
  const startTime = last === undefined ? asked.startTime : unitTime(name, last);
  const startId = last?.key ?? asked.startId;
  const parts = [
    ...(asked.fields === undefined ? [] : [`fields=${encode(asked.fields)}`]),
    `limit=${asked.limit}`,
    `start_time=${startTime}`,
    ...(hasIds && startId !== '' ? [`start_id=${encode(startId)}`] : []),
  ];
  return `${origin}/api/v2/chat/incremental/${name}?${parts.join('&')}`;
}

function pickKeys(item: JsonObject, keys: readonly string[]): JsonObject {
  return applyPatch({}, Object.fromEntries(keys.map((key) => [key, item[key]])));
}

function envelopeOf(page: Page, change: EnvelopeChange | undefined): JsonObject {
  const { name, asked, entries, hasIds } = page;
  const { keys, startId } = asked;
  const endTime = endTimeOf(page);
  const isWrong = change?.wrongUnit === true && endTime !== null;
  const envelope: JsonObject = {
    [name]: entries.map(({ item }) => (keys === undefined ? item() : pickKeys(item(), keys))),
    count: entries.length,
    end_time: isWrong ? inWrongUnit(name, endTime) : endTime,
    ...(hasIds && { end_id: entries.at(-1)?.key ?? (startId === '' ? null : startId) }),
    next_page: nextPage(page),
  };
  const nulls = (change?.nulls ?? []).filter((key) => key in envelope);
  return applyPatch(envelope, {
    ...Object.fromEntries(nulls.map((key) => [key, null])),
    ...Object.fromEntries((change?.omit ?? []).map((key) => [key, undefined])),
  });
}

/** The rule, if it means this answer: the n-th of this export. Without `every` it means each one. */
function meant<Rule extends EveryNth>(
  rule: Rule | null,
  name: ExportName,
  turn: number,
): Rule | undefined {
  if (rule === null || (rule.resource ?? name) !== name) return undefined;
  return turn % (rule.every ?? 1) === 0 ? rule : undefined;
}

/**
 * The answers of the exports. They depend on the stored data and the query alone, except where a switch says "each
 * n-th request", "the first times" or "the one before it once more".
 */
export class ExportAnswers {
  readonly #world: AnswerWorld;
  readonly #turns = new Map<ExportName, number>();
  readonly #lastReplies = new Map<ExportName, Reply>();
  readonly #hits = new WeakMap<EmptyPages, number>();

  constructor(world: AnswerWorld) {
    this.#world = world;
  }

  /** The page a query asks for. `origin` is where `next_page` points. Raises a refusal. */
  answer(name: ExportName, query: Query, origin: string): Reply {
    const switches = this.#world.switches();
    const asked = readExportQuery(name, query, this.#world.now(), switches);
    const turn = (this.#turns.get(name) ?? 0) + 1;
    this.#turns.set(name, turn);
    const isRepeated = meant(switches.repeatPage, name, turn) !== undefined;
    const last = isRepeated ? this.#lastReplies.get(name) : undefined;
    const reply = last ?? this.#compose(name, asked, turn, origin);
    this.#lastReplies.set(name, reply);
    return reply;
  }

  #compose(name: ExportName, asked: ExportQuery, turn: number, origin: string): Reply {
    const switches = this.#world.switches();
    const store = this.#world.account.store(name);
    const size = meant(switches.shortPages, name, turn)?.size ?? Infinity;
    const limited = { ...asked, limit: Math.min(size, asked.limit) };
    const all = pageEntries(name, store, limited, switches);
    const emptying = meant(switches.emptyPages, name, turn);
    const isEmpty = emptying !== undefined && this.#isEmptied(emptying, store, all);
    const page = {
      name,
      asked,
      entries: isEmpty ? [] : all,
      emptyEnd: isEmpty ? (emptying.endTime ?? 'null') : switches.emptyEnd,
      origin,
      hasIds: switches.endIds.includes(name),
    };
    const ids = page.entries.map(({ key }) => key);
    return okReply(wireText(envelopeOf(page, meant(switches.envelope, name, turn))), ids);
  }

  /** With `atItem` only pages that would hold this item are empty, the first so many times. */
  #isEmptied(rule: EmptyPages, store: Store, entries: readonly Entry[]): boolean {
    if (rule.atItem === undefined) return true;
    const key = store.firstKey(rule.atItem);
    const before = this.#hits.get(rule) ?? 0;
    if (before >= (rule.times ?? 1) || !entries.some((entry) => entry.key === key)) return false;
    this.#hits.set(rule, before + 1);
    return true;
  }
}
