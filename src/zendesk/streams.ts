/**
 * The table of streams. A new stream needs an entry here, a schema file and data in the sandbox.
 */
import { normalizeInstant } from '../core/instant.ts';
import { jsonText, type JsonObject } from '../core/json.ts';
import type { StreamDefinition } from './stream-definition.ts';
import { microseconds, readExportBookmark, seconds } from './export/bookmark.ts';
import { exportPages, type ExportSpec } from './export/pages.ts';
import { foreignIdKeys, idPages, readIdBookmark, type IdListSpec } from './id-pages.ts';
import { listEndpoint } from './list-pages.ts';
import { exportProbe, idProbe } from './probe.ts';
import {
  arrayOrData,
  bareArray,
  namedArrays,
  nestedObject,
  singleObject,
} from './response-shape.ts';

/** The export returns a chat again after its update_timestamp has changed (API page "incremental export"). */
function chatVersion(chat: JsonObject): string {
  const { id, update_timestamp: version } = chat;
  const hasVersion = typeof id === 'string' && typeof version === 'string';
  return hasVersion ? `${id} ${version}` : jsonText(chat);
}

/**
 * A span has no id: the agent and the start identify it. The start needs all its digits, because two spans of an agent
 * may start in the same second. A fixture of another connector has microseconds as an integer.
 */
function addSpanId(span: JsonObject): void {
  const { agent_id: agent, start_time: start } = span;
  const instant = normalizeInstant(start);
  if (instant === undefined || (typeof agent !== 'number' && typeof agent !== 'string')) return;
  span['start_time'] = instant;
  span['id'] = `${agent}|${instant}`;
}

/** A ban without a type gets the name of its array. Airbyte's schema has create_date instead of created_at. */
function addBanFields(ban: JsonObject, array: string): void {
  ban['type'] ??= array;
  if ('created_at' in ban) ban['create_date'] ??= ban['created_at'] ?? null;
}

const defaults = {
  aliases: [],
  keyProperties: ['id'],
  replicationMethods: ['FULL_TABLE'],
  absentStatuses: [404],
  isDefault: true,
  foreignBookmarkKeys: [],
} satisfies Partial<StreamDefinition>;

type EndpointParts = Pick<
  StreamDefinition,
  'path' | 'pageLimit' | 'pages' | 'probe' | 'checkBookmark'
>;

function idEndpoint(spec: IdListSpec): EndpointParts {
  return {
    path: spec.path,
    pageLimit: spec.limit,
    pages: idPages(spec),
    probe: idProbe(spec),
    checkBookmark: readIdBookmark,
  };
}

function exportEndpoint(spec: ExportSpec): EndpointParts {
  return {
    path: spec.path,
    pageLimit: spec.limit,
    pages: exportPages(spec),
    probe: exportProbe(spec),
    checkBookmark: (entry) => readExportBookmark(entry, spec),
  };
}

function listStream(
  name: string,
  description: string,
  prepare?: (item: JsonObject) => void,
): StreamDefinition {
  const endpoint = listEndpoint({ path: name, shape: bareArray, prepare });
  return { ...defaults, ...endpoint, name, description };
}

const accounts: StreamDefinition = {
  ...defaults,
  name: 'accounts',
  description: 'The account and what its plan allows: one record',
  aliases: ['account'],
  keyProperties: ['account_key'],
  absentStatuses: [403, 404],
  ...listEndpoint({ path: 'account', shape: singleObject('account_key') }),
};

const routingSettings: StreamDefinition = {
  ...defaults,
  name: 'routing_settings',
  description: 'How chats are routed to agents: one record, its id is the subdomain',
  ...listEndpoint({
    path: 'routing_settings/account',
    shape: nestedObject('data'),
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
  ...defaults,
  ...byId,
  name: 'agents',
  description: 'Agents with their role, departments and skills',
  absentStatuses: [],
  ...idEndpoint({ path: 'agents', limit: 'agents_page_limit', shape: bareArray }),
};

const bans: StreamDefinition = {
  ...defaults,
  ...byId,
  name: 'bans',
  description: 'Banned visitors and banned IP addresses',
  ...idEndpoint({
    path: 'bans',
    limit: 'bans_page_limit',
    shape: namedArrays('ip_address', 'visitor'),
    prepare: addBanFields,
  }),
};

/** The shape of these items is not documented. They may have `agent_id` instead of `id`. */
const routingSettingsAgents: StreamDefinition = {
  ...defaults,
  name: 'routing_settings_agents',
  description: 'How chats are routed to each agent',
  isDefault: false,
  ...idEndpoint({
    path: 'routing_settings/agents',
    limit: 'agents_page_limit',
    shape: arrayOrData,
    prepare: (item) => {
      item['id'] ??= item['agent_id'] ?? null;
    },
  }),
};

/** Keys that Airbyte's own connectors store. */
const airbyteKeys = ['state_type', 'slices', 'legacy'];

const timelineBookmark = {
  replicationKey: 'start_time',
  foreignTimeKeys: [],
  foreignBookmarkKeys: airbyteKeys,
};

const agentTimeline: StreamDefinition = {
  ...defaults,
  ...timelineBookmark,
  name: 'agent_timeline',
  description: 'Spans during which an agent kept one status and one number of chats',
  replicationMethods: ['INCREMENTAL', 'FULL_TABLE'],
  ...exportEndpoint({
    ...timelineBookmark,
    name: 'agent_timeline',
    path: 'incremental/agent_timeline',
    unit: microseconds,
    isImmutable: true,
    requiredFields: ['agent_id', 'start_time'],
    computedColumns: ['id'],
    prepare: addSpanId,
    // A span has no version, so any change makes it a new version.
    identify: jsonText,
  }),
};

/** An export of events. The API sends their time as `timestamp`. */
function eventStream(
  name: string,
  description: string,
  more: Partial<Pick<StreamDefinition, 'absentStatuses'> & Pick<ExportSpec, 'takesFields'>> = {},
): StreamDefinition {
  const bookmark = {
    replicationKey: 'timestamp',
    foreignTimeKeys: [],
    foreignBookmarkKeys: airbyteKeys,
  };
  const { takesFields, ...definition } = more;
  const path = `incremental/${name}`;
  const requiredFields = ['id', 'timestamp'];
  // Events have no version, so any change makes a new version.
  const spec = {
    ...bookmark,
    name,
    path,
    unit: seconds,
    requiredFields,
    identify: jsonText,
    takesFields,
  };
  return {
    ...defaults,
    ...bookmark,
    name,
    description,
    replicationMethods: ['INCREMENTAL', 'FULL_TABLE'],
    isDefault: false,
    ...definition,
    ...exportEndpoint(spec),
  };
}

/**
 * singer-io's tap stored separate end times for chats and offline messages. Its fork reads the export; it wrote
 * start_date under the two older keys and never changed them.
 */
const chatBookmark = {
  replicationKey: 'update_timestamp',
  foreignTimeKeys: [
    ['chats-incremental.end_time'],
    ['chat.end_timestamp', 'offline_msg.timestamp'],
  ],
  foreignBookmarkKeys: ['offset', ...airbyteKeys],
};

const chats: StreamDefinition = {
  ...defaults,
  ...chatBookmark,
  name: 'chats',
  description: 'Chats and offline messages with their history, visitor, session and engagements',
  replicationMethods: ['INCREMENTAL', 'FULL_TABLE'],
  absentStatuses: [],
  ...exportEndpoint({
    ...chatBookmark,
    name: 'chats',
    path: 'incremental/chats',
    limit: 'chats_page_limit',
    unit: seconds,
    requiredFields: ['id', 'update_timestamp'],
    identify: chatVersion,
  }),
};

/** All streams in the order in which they are read: small ones first, so that records appear early; chats last. */
export const streams: readonly StreamDefinition[] = [
  accounts,
  routingSettings,
  listStream('departments', 'Departments and their members'),
  listStream('goals', 'Goals that make a visit a conversion'),
  listStream('roles', 'Roles and what they permit'),
  listStream('shortcuts', 'Canned answers', (shortcut) => {
    // Old shortcuts have no id. In newer ones, it equals the name.
    shortcut['id'] ??= shortcut['name'] ?? null;
  }),
  listStream('skills', 'Skills and the agents who have them'),
  listStream('triggers', 'Triggers with their conditions and actions'),
  agents,
  bans,
  routingSettingsAgents,
  // For administrators only, and of limited availability (API page "agent events").
  eventStream('agent_events', "Changes of an agent's status or number of chats", {
    absentStatuses: [403, 404],
    takesFields: false,
  }),
  eventStream('department_events', 'Changes of a department, such as its status'),
  eventStream('conversions', 'Goals that visitors reached, and who gets the credit'),
  agentTimeline,
  chats,
];
