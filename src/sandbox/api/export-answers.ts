import type { JsonObject } from '../../core/json.ts';
import type { Account } from '../data/account.ts';
import { pageEntries, exportTime } from './export-pages.ts';
import { pickFields } from './fields.ts';
import { readExportQuery, type ExportQuery } from './export-query.ts';
import { secondUs } from '../data/time-formats.ts';
import type { Query } from './query.ts';
import { applyPatch, toJsonText } from '../data/raw-json.ts';
import { okReply, type Reply } from './reply.ts';
import { unitOf, type ExportName } from '../data/resources.ts';
import type { StoredItem, ItemStore } from '../data/item-store.ts';
import type { EmptyPages, EnvelopeChange, EveryNth, Switches } from '../program/switches.ts';

/** The data for responses. */
export interface AnswerContext {
  readonly account: Account;
  readonly switches: () => Switches;
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
}

interface Page {
  readonly name: ExportName;
  readonly exportQuery: ExportQuery;
  readonly entries: readonly StoredItem[];
  readonly emptyEnd: Switches['emptyEnd'];
  /** The origin of `next_page`. */
  readonly origin: string;
  readonly hasIds: boolean;
}

/** Only agent_events has a fraction in `end_time`, according to the types of a client. */
function endTimeOf({ name, exportQuery, entries, emptyEnd }: Page): number | null {
  const last = entries.at(-1);
  if (last === undefined) return { echo: exportQuery.startTime, null: null, zero: 0 }[emptyEnd];
  return name === 'agent_events' ? last.at / secondUs : exportTime(name, last);
}

function inWrongUnit(name: ExportName, time: number): number {
  return unitOf(name) === 1 ? Math.floor(time / secondUs) : Math.floor(time) * secondUs;
}

/** Also encodes brackets and asterisks, as in recorded links. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Present on the last page, too: the API does not mark the end. */
function nextPage({ name, exportQuery, entries, origin, hasIds }: Page): string {
  const last = entries.at(-1);
  const startTime = last === undefined ? exportQuery.startTime : exportTime(name, last);
  const startId = last?.key ?? exportQuery.startId;
  const parts = [
    ...(exportQuery.fields === undefined ? [] : [`fields=${encode(exportQuery.fields)}`]),
    `limit=${exportQuery.limit}`,
    `start_time=${startTime}`,
    ...(hasIds && startId !== '' ? [`start_id=${encode(startId)}`] : []),
  ];
  return `${origin}/api/v2/chat/incremental/${name}?${parts.join('&')}`;
}

function envelopeOf(page: Page, change: EnvelopeChange | undefined): JsonObject {
  const { name, exportQuery, entries, hasIds } = page;
  const { fieldTree, startId } = exportQuery;
  const endTime = endTimeOf(page);
  const isWrong = change?.wrongUnit === true && endTime !== null;
  const envelope: JsonObject = {
    [name]: entries.map(({ item }) => pickFields(item(), fieldTree)),
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

/** Returns the rule if it applies to the n-th request of this export. Without `every`, it applies to all requests. */
function matchingRule<Rule extends EveryNth>(
  rule: Rule | null,
  name: ExportName,
  requestNumber: number,
): Rule | undefined {
  if (rule === null || (rule.resource ?? name) !== name) return undefined;
  return requestNumber % (rule.every ?? 1) === 0 ? rule : undefined;
}

/**
 * The responses of the exports. They depend only on the stored data and the query, except for switches that count
 * requests or repeat the previous response.
 */
export class ExportAnswers {
  readonly #context: AnswerContext;
  readonly #requestCounts = new Map<ExportName, number>();
  /** By export and `fields`: requests for other fields are those of another reader. */
  readonly #lastReplies = new Map<string, Reply>();
  readonly #hits = new WeakMap<EmptyPages, number>();

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  /** The response to a query. `origin` is the origin of `next_page`. @throws RejectedRequest */
  answer(name: ExportName, query: Query, origin: string): Reply {
    const switches = this.#context.switches();
    const exportQuery = readExportQuery(name, query, this.#context.now(), switches);
    const requestNumber = (this.#requestCounts.get(name) ?? 0) + 1;
    this.#requestCounts.set(name, requestNumber);
    const isRepeated = matchingRule(switches.repeatPage, name, requestNumber) !== undefined;
    const reader = `${name} ${exportQuery.fields}`;
    const last = isRepeated ? this.#lastReplies.get(reader) : undefined;
    const reply = last ?? this.#compose(name, exportQuery, requestNumber, origin);
    this.#lastReplies.set(reader, reply);
    return reply;
  }

  #compose(name: ExportName, exportQuery: ExportQuery, requestNumber: number, origin: string) {
    const switches = this.#context.switches();
    const store = this.#context.account.store(name);
    const size = matchingRule(switches.shortPages, name, requestNumber)?.size ?? Infinity;
    const limited = { ...exportQuery, limit: Math.min(size, exportQuery.limit) };
    const all = pageEntries(name, store, limited, switches);
    const emptyRule = matchingRule(switches.emptyPages, name, requestNumber);
    const isEmpty = emptyRule !== undefined && this.#isEmptied(emptyRule, store, all);
    const page = {
      name,
      exportQuery,
      entries: isEmpty ? [] : all,
      emptyEnd: isEmpty ? (emptyRule.endTime ?? 'null') : switches.emptyEnd,
      origin,
      hasIds: switches.endIds.includes(name),
    };
    const ids = page.entries.map(({ key }) => key);
    const change = matchingRule(switches.envelope, name, requestNumber);
    return okReply(toJsonText(envelopeOf(page, change)), ids);
  }

  /** With `atItem`, only the first `times` pages with this item are empty. */
  #isEmptied(rule: EmptyPages, store: ItemStore, entries: readonly StoredItem[]): boolean {
    if (rule.atItem === undefined) return true;
    const key = store.initialKey(rule.atItem);
    const before = this.#hits.get(rule) ?? 0;
    if (before >= (rule.times ?? 1) || !entries.some((entry) => entry.key === key)) return false;
    this.#hits.set(rule, before + 1);
    return true;
  }
}
