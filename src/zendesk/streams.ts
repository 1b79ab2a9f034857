/**
 * The table of streams: the only place that knows them. A new one is an entry here, a schema file and
 * items in the sandbox.
 */
import { normalizeInstant } from '../core/instant.ts';
import { jsonText, type JsonObject } from '../core/json.ts';
import type { StreamDefinition } from './stream-definition.ts';
import { microseconds, readExportBookmark, seconds } from './export/bookmark.ts';
import { exportPages, type ExportSpec } from './export/pages.ts';
import { foreignIdKeys, idPages, readIdBookmark, type IdSpec } from './id-pages.ts';
import { listEndpoint } from './list-pages.ts';
import { exportProbe, idProbe } from './probe.ts';
import { bareList, namedLists, objectUnder, oneObject } from './response-shape.ts';

/** A chat comes again whenever its update_timestamp has changed (API page "incremental export"). */
function chatVersion(chat: JsonObject): string {
  const { id, update_timestamp: version } = chat;
  const isTold = typeof id === 'string' && typeof version === 'string';
  return isTold ? `${id} ${version}` : jsonText(chat);
}

/**
 * A span has no id of its own: agent and start identify it, the start with all its digits (two spans of one
 * agent may begin in the same second). One fixture of another connector has whole microseconds.
 */
function identifySpan(span: JsonObject): void {
  const { agent_id: agent, start_time: start } = span;
  const instant = normalizeInstant(start);
  if (instant === undefined || (typeof agent !== 'number' && typeof agent !== 'string')) return;
  span['start_time'] = instant;
  span['id'] = `${agent}|${instant}`;
}

/** The array is the kind where the ban has none; Airbyte's schema calls created_at create_date. */
function completeBan(ban: JsonObject, array: string): void {
  ban['type'] ??= array;
  if ('created_at' in ban) ban['create_date'] ??= ban['created_at'] ?? null;
}

const usual = {
  aliases: [],
  keyProperties: ['id'],
  replicationMethods: ['FULL_TABLE'],
  absentOn: [404],
  isDefault: true,
  foreignBookmarkKeys: [],
} satisfies Partial<StreamDefinition>;

type Endpoint = Pick<StreamDefinition, 'path' | 'pages' | 'probe' | 'checkBookmark'>;

function idEndpoint(spec: IdSpec): Endpoint {
  return {
    path: spec.path,
    pages: idPages(spec),
    probe: idProbe(spec),
    checkBookmark: readIdBookmark,
  };
}

function exportEndpoint(spec: ExportSpec): Endpoint {
  return {
    path: spec.path,
    pages: exportPages(spec),
    probe: exportProbe(spec),
    checkBookmark: (entry) => readExportBookmark(entry, spec),
  };
}

function list(
  name: string,
  description: string,
  prepare?: (item: JsonObject) => void,
): StreamDefinition {
  const endpoint = listEndpoint({ path: name, shape: bareList, prepare });
  return { ...usual, ...endpoint, name, description };
}

const accounts: StreamDefinition = {
  ...usual,
  name: 'accounts',
  description: 'The account and what its plan allows: one record',
  aliases: ['account'],
  keyProperties: ['account_key'],
  absentOn: [403, 404],
  ...listEndpoint({ path: 'account', shape: oneObject('account_key') }),
};

const routingSettings: StreamDefinition = {
  ...usual,
  name: 'routing_settings',
  description: 'How chats are routed to agents: one record, its id is the subdomain',
  ...listEndpoint({
    path: 'routing_settings/account',
    shape: objectUnder('data'),
    prepare: (item, { subdomain }) => {
      item['id'] = subdomain;
    },
  }),
};

const byId = {
  replicationMethods: ['FULL_TABLE', 'INCREMENTAL'],
  replicationKey: 'id',
  foreignBookmarkKeys: foreignIdKeys,
} as const;

const agents: StreamDefinition = {
  ...usual,
  ...byId,
  name: 'agents',
  description: 'Agents with their role, departments and skills',
  absentOn: [],
  ...idEndpoint({ path: 'agents', limit: 'agents_page_limit', shape: bareList }),
};

const bans: StreamDefinition = {
  ...usual,
  ...byId,
  name: 'bans',
  description: 'Banned visitors and banned IP addresses',
  ...idEndpoint({
    path: 'bans',
    limit: 'bans_page_limit',
    shape: namedLists('ip_address', 'visitor'),
    prepare: completeBan,
  }),
};

const timelineBookmark = {
  replicationKey: 'start_time',
  foreignTimes: [],
  foreignBookmarkKeys: ['state_type', 'slices', 'legacy'],
};

const agentTimeline: StreamDefinition = {
  ...usual,
  ...timelineBookmark,
  name: 'agent_timeline',
  description: 'Spans during which an agent kept one status and one number of chats',
  replicationMethods: ['INCREMENTAL', 'FULL_TABLE'],
  ...exportEndpoint({
    ...timelineBookmark,
    name: 'agent_timeline',
    path: 'incremental/agent_timeline',
    unit: microseconds,
    isFixed: true,
    prepare: identifySpan,
    // The version of a span is all it holds.
    identify: jsonText,
  }),
};

/**
 * The Singer tap before this one kept the ends of its searches, chats and offline messages apart. Its fork
 * read the export; it wrote start_date under the two older keys, and never moved them.
 */
const chatBookmark = {
  replicationKey: 'update_timestamp',
  foreignTimes: [['chats-incremental.end_time'], ['chat.end_timestamp', 'offline_msg.timestamp']],
  foreignBookmarkKeys: ['offset', 'state_type', 'slices', 'legacy'],
};

const chats: StreamDefinition = {
  ...usual,
  ...chatBookmark,
  name: 'chats',
  description: 'Chats and offline messages with their history, visitor, session and engagements',
  replicationMethods: ['INCREMENTAL', 'FULL_TABLE'],
  absentOn: [],
  ...exportEndpoint({
    ...chatBookmark,
    name: 'chats',
    path: 'incremental/chats',
    limit: 'chats_page_limit',
    unit: seconds,
    identify: chatVersion,
  }),
};

/** In the order they are read: small ones first, so that a reader soon sees a record; chats last. */
export const streams: readonly StreamDefinition[] = [
  accounts,
  routingSettings,
  list('departments', 'Departments and their members'),
  list('goals', 'Goals that make a visit a conversion'),
  list('roles', 'Roles and what they permit'),
  list('shortcuts', 'Canned answers', (shortcut) => {
    // Old ones have no id; elsewhere it equals the name.
    shortcut['id'] ??= shortcut['name'] ?? null;
  }),
  list('skills', 'Skills and the agents who have them'),
  list('triggers', 'Triggers with their conditions and actions'),
  agents,
  bans,
  agentTimeline,
  chats,
];
