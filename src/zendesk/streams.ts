/**
 * The table of streams. A new stream needs an entry here, a schema file and data in the sandbox.
 */
import { normalizeInstant } from '../core/instant.ts';
import { jsonText, type JsonObject } from '../core/json.ts';
import type { StreamDefinition } from './stream-definition.ts';
import { microseconds, seconds } from './export/bookmark.ts';
import type { ExportSpec } from './export/pages.ts';
import { foreignIdKeys } from './id-pages.ts';
import { listEndpoint } from './list-pages.ts';
import {
  arrayOrData,
  bareArray,
  namedArrays,
  nestedObject,
  singleObject,
} from './response-shape.ts';
import { splitArray } from './split-pages.ts';
import {
  defaults,
  exportStream,
  idEndpoint,
  listStream,
  type Description,
} from './stream-builders.ts';

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

/** The bookmark of a stream that of all other taps only Airbyte's connectors read. */
const airbyteBookmark = {
  foreignTimeKeys: [],
  foreignBookmarkKeys: ['state_type', 'slices', 'legacy'],
} as const;

const agentTimeline = exportStream(
  {
    name: 'agent_timeline',
    description: 'Periods in which the status of an agent and the number of chats did not change',
  },
  {
    ...airbyteBookmark,
    name: 'agent_timeline',
    path: 'incremental/agent_timeline',
    replicationKey: 'start_time',
    unit: microseconds,
    isImmutable: true,
    requiredFields: ['agent_id', 'start_time'],
    computedColumns: ['id'],
    prepare: addSpanId,
    // A span has no version, so any change makes it a new version.
    identify: jsonText,
  },
);

/** Optional streams of events. They have no version, so any change makes a new version. */
function eventStream(
  definition: Description & Partial<StreamDefinition>,
  more?: Pick<ExportSpec, 'takesFields'>,
): StreamDefinition {
  const { name } = definition;
  return exportStream(
    { ...definition, isDefault: false },
    {
      ...airbyteBookmark,
      name,
      path: `incremental/${name}`,
      replicationKey: 'timestamp',
      unit: seconds,
      requiredFields: ['id', 'timestamp'],
      identify: jsonText,
      ...more,
    },
  );
}

const chatExport = {
  name: 'chats',
  path: 'incremental/chats',
  replicationKey: 'update_timestamp',
  limit: 'chats_page_limit',
  unit: seconds,
  identify: chatVersion,
} as const;

/**
 * singer-io's tap stored separate end times for chats and offline messages. Its fork reads the export; it wrote
 * start_date under the two older keys and never changed them.
 */
const chats = exportStream(
  {
    name: 'chats',
    description: 'Chats and offline messages with their history, visitor, session and engagements',
    absentStatuses: [],
  },
  {
    ...chatExport,
    requiredFields: ['id', 'update_timestamp'],
    foreignTimeKeys: [
      ['chats-incremental.end_time'],
      ['chat.end_timestamp', 'offline_msg.timestamp'],
    ],
    foreignBookmarkKeys: ['offset', ...airbyteBookmark.foreignBookmarkKeys],
  },
);

/**
 * The elements of the array `key` of chats, as an optional stream. If a chat changes, all its parts come again with the
 * chat's new update_timestamp. A part that is not an object stays under `key`, which is not in the schema.
 * @param keyOf What identifies a part in its chat, if the API does not send it.
 */
function chatPartStream(
  key: string,
  definition: Description & Pick<StreamDefinition, 'keyProperties'>,
  keyOf: (position: number) => JsonObject = () => ({}),
): StreamDefinition {
  const split = splitArray(key, (chat, position) => {
    const { id = null, update_timestamp: updated = null } = chat;
    return { chat_id: id, update_timestamp: updated, ...keyOf(position) };
  });
  return exportStream(
    { ...definition, absentStatuses: [], isDefault: false },
    {
      ...chatExport,
      ...airbyteBookmark,
      requiredFields: ['id', 'update_timestamp', key],
      computedColumns: 'all',
      split,
    },
  );
}

/** All streams in the order in which they are read: small ones first, so that records appear early; chats and their parts last. */
export const streams: readonly StreamDefinition[] = [
  accounts,
  routingSettings,
  listStream('departments', 'Departments and their members'),
  listStream('goals', 'Goals that make a visit a conversion'),
  listStream('roles', 'Roles and what they permit'),
  listStream('shortcuts', 'Canned responses', (shortcut) => {
    // Old shortcuts have no id. In newer ones, it equals the name.
    shortcut['id'] ??= shortcut['name'] ?? null;
  }),
  listStream('skills', 'Skills and the agents who have them'),
  listStream('triggers', 'Triggers with their conditions and actions'),
  agents,
  bans,
  routingSettingsAgents,
  eventStream(
    {
      name: 'agent_events',
      description: "Changes of an agent's status or number of chats",
      // For administrators only, and of limited availability (API page "agent events").
      absentStatuses: [403, 404],
    },
    { takesFields: false },
  ),
  eventStream({
    name: 'department_events',
    description: 'Changes of a department, such as its status',
  }),
  eventStream({
    name: 'conversions',
    description: 'Goals that visitors reached, and the agents they are attributed to',
  }),
  agentTimeline,
  chats,
  chatPartStream('engagements', {
    name: 'chat_engagements',
    description: 'The parts that agents had in chats',
    keyProperties: ['chat_id', 'id'],
  }),
  chatPartStream(
    'history',
    {
      name: 'chat_messages',
      description: 'The entries of the histories of chats, such as messages',
      keyProperties: ['chat_id', 'position'],
    },
    (position) => ({ position }),
  ),
];
