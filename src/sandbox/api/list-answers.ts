import type { JsonObject } from '../../core/json.ts';
import type { AnswerContext } from './export-answers.ts';
import { allowParameters, readLimit, rejectRequest, readWholeNumber, type Query } from './query.ts';
import { toJsonText } from '../data/raw-json.ts';
import { okReply, errorReply, type Reply } from './reply.ts';
import { isOneOf, objectNames, type IdListName, type WholeName } from '../data/resources.ts';
import type { StoredItem } from '../data/item-store.ts';
import type { Switches } from '../program/switches.ts';

/** Default page size. Documented for bans; assumed for the other lists. */
const defaultLimit = 10;
/** Largest `limit` of bans, as documented. */
const maxBansLimit = 1000;

/** `since_id` is inclusive by default. */
function cut(all: readonly StoredItem[], limit: number, query: Query, switches: Switches) {
  const sinceId = readWholeNumber(query, 'since_id');
  const isUsed = sinceId !== undefined && switches.sinceId !== 'ignored';
  const first = isUsed ? sinceId + (switches.sinceId === 'exclusive' ? 1 : 0) : 0;
  return all.filter(({ at }) => at >= first).slice(0, limit);
}

function itemsOf(entries: readonly StoredItem[]): JsonObject[] {
  return entries.map(({ item }) => item());
}

function isIpBan({ item }: StoredItem): boolean {
  return 'ip_address' in item();
}

/** The maximum number of items per page. A `limit` above the first bound is rejected, above the second one reduced. */
function readBounds(name: IdListName, query: Query, switches: Switches): number {
  const [refuseAbove, max] =
    name === 'bans'
      ? [maxBansLimit, switches.bansMaxPage]
      : [switches.agentsLimitCeiling, switches.agentsMaxPage];
  const limit = readLimit(query, defaultLimit);
  if (limit > refuseAbove) rejectRequest(`limit is larger than ${refuseAbove}.`);
  return Math.min(limit, max);
}

/** A page of a list that is paged by id. @throws RejectedRequest */
export function answerIdList(context: AnswerContext, name: IdListName, query: Query): Reply {
  const switches = context.switches();
  allowParameters(query, ['limit', 'since_id']);
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
  const ids = page.map(({ key }) => key);
  return okReply(toJsonText(body), ids);
}

/** A resource without pages: an array, or an object. Routing settings are inside `data`. @throws RejectedRequest */
export function answerUnpaged(context: AnswerContext, name: WholeName, query: Query): Reply {
  allowParameters(query, []);
  const { entries } = context.account.store(name);
  const items = itemsOf(entries);
  if (!isOneOf(objectNames, name)) {
    const ids = entries.map(({ key }) => key);
    return okReply(toJsonText(items), ids);
  }
  return okReply(toJsonText(name === 'account' ? items[0] : { data: items[0] ?? null }), [], 1);
}

/** `agents/me` (the first agent) and `agents/{id}`. @throws RejectedRequest */
export function answerAgent({ account }: AnswerContext, path: string, query: Query): Reply {
  allowParameters(query, []);
  const agents = account.store('agents');
  const found =
    path === 'agents/me' ? agents.entries[0] : agents.find(path.slice('agents/'.length));
  return found === undefined ? errorReply(404) : okReply(toJsonText(found.item()), [found.key]);
}
