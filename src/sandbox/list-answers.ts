import type { AnswerWorld } from './export-answers.ts';
import { wireText } from './list-store.ts';
import type { Listed } from './list-store.ts';
import type { Query } from './query.ts';
import { allowOnly, readLimit, refuse, wholeNumber } from './query.ts';
import type { Reply } from './reply.ts';
import { okReply, refusal } from './reply.ts';
import type { IdListName, ObjectName, PlainName } from './resources.ts';
import type { Switches } from './switches.ts';

/** Page size without `limit`. Documented for bans; taken over for the other lists. */
const standardLimit = 10;
/** Largest `limit` of bans, as documented. */
const largestBansLimit = 1000;

const pagingParameters = ['limit', 'since_id', 'max_id'];

interface ListQuery {
  readonly limit: number;
  readonly sinceId: number | undefined;
  readonly maxId: number | undefined;
}

/** How many items one page may hold: refused above the first number, cut silently at the second. */
function boundsOf(name: IdListName, switches: Switches): { refuseAbove: number; most: number } {
  if (name === 'bans') return { refuseAbove: largestBansLimit, most: switches.bansMaxPage };
  return { refuseAbove: switches.agentsLimitCeiling, most: switches.agentsMaxPage };
}

function readListQuery(name: IdListName, query: Query, switches: Switches): ListQuery {
  allowOnly(query, pagingParameters);
  const { refuseAbove, most } = boundsOf(name, switches);
  const limit = readLimit(query, standardLimit);
  if (limit > refuseAbove) refuse(`limit is larger than ${refuseAbove}.`);
  return {
    limit: Math.min(limit, most),
    sinceId: wholeNumber(query, 'since_id'),
    maxId: wholeNumber(query, 'max_id'),
  };
}

/** `since_id` and `max_id` include the id they name; with `max_id` alone the page ends there. */
function cut(all: readonly Listed[], asked: ListQuery, switches: Switches): readonly Listed[] {
  const { limit, maxId } = asked;
  const isIgnored = switches.sinceId === 'ignored';
  const sinceId = isIgnored ? undefined : asked.sinceId;
  const first =
    (sinceId ?? 0) + (switches.sinceId === 'exclusive' && sinceId !== undefined ? 1 : 0);
  const within = all.filter(({ id }) => id >= first && id <= (maxId ?? Infinity));
  return sinceId === undefined && maxId !== undefined
    ? within.slice(-limit)
    : within.slice(0, limit);
}

/** Next and previous page as headers. That there are such headers is documented, their form is a guess. */
function linkHeader(path: string, page: readonly Listed[], limit: number): Record<string, string> {
  const ids = page.map(({ id }) => id);
  if (ids.length === 0) return {};
  const next = `<${path}?limit=${limit}&since_id=${Math.max(...ids) + 1}>; rel="next"`;
  const previous = `<${path}?limit=${limit}&max_id=${Math.min(...ids) - 1}>; rel="prev"`;
  return { link: `${next}, ${previous}` };
}

function bansText(page: readonly Listed[]): string {
  const texts = (group: string): string =>
    page
      .filter((ban) => ban.group === group)
      .map(({ item }) => wireText(item))
      .join(',');
  return `{"ip_address":[${texts('ip_address')}],"visitor":[${texts('visitor')}]}`;
}

function listText(name: IdListName, page: readonly Listed[], switches: Switches): string {
  if (name === 'bans') return bansText(page);
  const list = `[${page.map(({ item }) => wireText(item)).join(',')}]`;
  const isUnderData = name === 'routing_settings/agents' && switches.routingAgentsShape === 'data';
  return isUnderData ? `{"data":${list}}` : list;
}

function pageOf(
  name: IdListName,
  all: readonly Listed[],
  asked: ListQuery,
  switches: Switches,
): readonly Listed[] {
  if (name !== 'bans' || switches.bansLimit === 'union') return cut(all, asked, switches);
  return ['ip_address', 'visitor'].flatMap((group) =>
    cut(
      all.filter((ban) => ban.group === group),
      asked,
      switches,
    ),
  );
}

/** A page of a list that is paged by id. Raises a refusal. */
export function answerIdList(world: AnswerWorld, name: IdListName, query: Query): Reply {
  const switches = world.switches();
  const asked = readListQuery(name, query, switches);
  const all = world.stores.lists[name].all();
  const isWhole =
    switches.sinceId === 'unpaged' ||
    (switches.wholeWithoutParameters && Object.keys(query).length === 0);
  const page = isWhole ? all : pageOf(name, all, asked, switches);
  const reply = okReply(
    [listText(name, page, switches)],
    page.map(({ key }) => key),
  );
  if (!switches.pagingHeaders || isWhole) return reply;
  const links = linkHeader(`/api/v2/chat/${name}`, page, asked.limit);
  return { ...reply, headers: { ...reply.headers, ...links } };
}

/** A list that is answered whole, as a bare array. Raises a refusal. */
export function answerPlainList(world: AnswerWorld, name: PlainName, query: Query): Reply {
  allowOnly(query, []);
  const all = world.stores.lists[name].all();
  return okReply(
    [wireText(all.map(({ item }) => item))],
    all.map(({ key }) => key),
  );
}

/** One of the single objects; routing settings lie under `data`. Raises a refusal. */
export function answerObject(world: AnswerWorld, name: ObjectName, query: Query): Reply {
  allowOnly(query, []);
  const item = world.stores.objects[name];
  return okReply([wireText(name === 'account' ? item : { data: item })], [], 1);
}

/** `agents/me` (the first agent) and `agents/{id}`. Raises a refusal. */
export function answerAgent(world: AnswerWorld, which: string, query: Query): Reply {
  allowOnly(query, []);
  const all = world.stores.lists.agents.all();
  const found = which === 'me' ? all[0] : all.find(({ key }) => key === which);
  return found === undefined ? refusal(404) : okReply([wireText(found.item)], [found.key]);
}
