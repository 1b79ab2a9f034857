import type { JsonObject } from '../../core/json.ts';
import type { AnswerContext } from './export-answers.ts';
import { allowOnly, readLimit, rejectRequest, wholeNumber, type Query } from './query.ts';
import { toJsonText } from '../data/raw-json.ts';
import { okReply, errorReply, type Reply } from './reply.ts';
import {
  isOneOf,
  objectNames,
  type IdListName,
  type ObjectName,
  type UnpagedName,
} from '../data/resources.ts';
import type { Entry } from '../data/store.ts';
import type { Switches } from '../program/switches.ts';

/** Page size without `limit`. Documented for bans; taken over for the other lists. */
const standardLimit = 10;
/** Largest `limit` of bans, as documented. */
const largestBansLimit = 1000;

/** `since_id` includes the id it names, unless a switch says otherwise. */
function cut(all: readonly Entry[], limit: number, query: Query, switches: Switches): Entry[] {
  const sinceId = wholeNumber(query, 'since_id');
  const isUsed = sinceId !== undefined && switches.sinceId !== 'ignored';
  const first = isUsed ? sinceId + (switches.sinceId === 'exclusive' ? 1 : 0) : 0;
  return all.filter(({ at }) => at >= first).slice(0, limit);
}

function itemsOf(entries: readonly Entry[]): JsonObject[] {
  return entries.map(({ item }) => item());
}

function isIpBan({ item }: Entry): boolean {
  return 'ip_address' in item();
}

/** How many items one page may hold: refused above the first number, cut silently at the second. */
function readBounds(name: IdListName, query: Query, switches: Switches): number {
  const [refuseAbove, most] =
    name === 'bans'
      ? [largestBansLimit, switches.bansMaxPage]
      : [switches.agentsLimitCeiling, switches.agentsMaxPage];
  const limit = readLimit(query, standardLimit);
  if (limit > refuseAbove) rejectRequest(`limit is larger than ${refuseAbove}.`);
  return Math.min(limit, most);
}

/** A page of a list that is paged by id. Throws RejectedRequest. */
export function answerIdList(context: AnswerContext, name: IdListName, query: Query): Reply {
  const switches = context.switches();
  allowOnly(query, ['limit', 'since_id']);
  const limit = readBounds(name, query, switches);
  const all = context.account.store(name).entries;
  const groups =
    name === 'bans' && switches.bansLimit === 'perArray'
      ? [all.filter(isIpBan), all.filter((entry) => !isIpBan(entry))]
      : [all];
  const isWhole = switches.sinceId === 'unpaged';
  const page = isWhole ? all : groups.flatMap((group) => cut(group, limit, query, switches));
  const body =
    name === 'bans'
      ? {
          ip_address: itemsOf(page.filter(isIpBan)),
          visitor: itemsOf(page.filter((entry) => !isIpBan(entry))),
        }
      : itemsOf(page);
  return okReply(
    toJsonText(body),
    page.map(({ key }) => key),
  );
}

/** What is answered whole: a list as a bare array, or an object; routing settings lie under `data`. Throws RejectedRequest. */
export function answerWhole(
  context: AnswerContext,
  name: ObjectName | UnpagedName,
  query: Query,
): Reply {
  allowOnly(query, []);
  const { entries } = context.account.store(name);
  const items = itemsOf(entries);
  if (!isOneOf(objectNames, name)) {
    return okReply(
      toJsonText(items),
      entries.map(({ key }) => key),
    );
  }
  return okReply(toJsonText(name === 'account' ? items[0] : { data: items[0] ?? null }), [], 1);
}

/** `agents/me` (the first agent) and `agents/{id}`. Throws RejectedRequest. */
export function answerAgent({ account }: AnswerContext, path: string, query: Query): Reply {
  allowOnly(query, []);
  const agents = account.store('agents');
  const found =
    path === 'agents/me' ? agents.entries[0] : agents.find(path.slice('agents/'.length));
  return found === undefined ? errorReply(404) : okReply(toJsonText(found.item()), [found.key]);
}
