/** What the account holds, by stream: asked of the sandbox, never of the program under test. */

/** @typedef {import('./stage.js').Sandbox} Sandbox */
/** @typedef {Parameters<Sandbox['account']['count']>[0]} Resource */
/** @typedef {Record<string, unknown>} Item */

/** @type {Readonly<Record<string, Resource>>} */
const resources = {
  accounts: 'account',
  agents: 'agents',
  agent_timeline: 'agent_timeline',
  bans: 'bans',
  chats: 'chats',
  departments: 'departments',
  goals: 'goals',
  roles: 'roles',
  routing_settings: 'routing_settings/account',
  shortcuts: 'shortcuts',
  skills: 'skills',
  triggers: 'triggers',
};

/** Names of all streams, in alphabetical order. */
export const streams = Object.keys(resources).sort();

/** Streams whose state says how far they have been read. */
export const incrementalStreams = ['agents', 'bans', 'agent_timeline', 'chats'];

/**
 * Values that the API should not send and that make consumers stop, or drop a record without a word; a chat
 * without an id is not among them: it fails its stream.
 *
 * @type {import('./stage.js').SandboxOptions['hostile']}
 */
export const unexpectedValues = [
  'nul',
  'surrogates',
  'dates',
  'types',
  'fractions',
  'unknown-fields',
  'webpath-arrays',
  'big-integer',
];

/**
 * @param {Sandbox} sandbox
 * @param {string} stream
 * @returns {readonly Item[]}
 */
export function itemsOf({ account }, stream) {
  const resource = resources[stream];
  return resource === undefined ? [] : [...account.dump(resource)];
}

/**
 * @param {Sandbox} sandbox
 * @returns {Readonly<Record<string, number>>} how many items each stream has
 */
export function countsOf({ account }) {
  return Object.fromEntries(
    streams.map((name) => [name, account.count(resources[name] ?? 'chats')]),
  );
}

/**
 * How many records a second read must bring: streams without a bookmark whole; of the others nothing, or
 * what lies at the very instant of the bookmark, where more may have come since.
 *
 * @param {Sandbox} sandbox
 * @returns {Readonly<Record<string, number>>}
 */
export function secondReadOf(sandbox) {
  const newest = Math.max(...chatTimes(sandbox));
  const repeated = chatTimes(sandbox).filter((time) => time === newest).length;
  const nothingNew = { agents: 0, bans: 0, agent_timeline: 1, chats: repeated };
  return { ...countsOf(sandbox), ...nothingNew };
}

/** @param {Sandbox} sandbox */
function chatTimes(sandbox) {
  return itemsOf(sandbox, 'chats').map(({ update_timestamp: time }) =>
    // The API is known to write both zones at once.
    typeof time === 'number' ? time * 1000 : Date.parse(String(time).replace('+00:00Z', 'Z')),
  );
}

/**
 * @param {string} stream
 * @param {Item} item
 * @returns {string} what tells it from the others of its stream
 */
export function keyOf(stream, item) {
  if (stream === 'agent_timeline') return timelineKey(item);
  if (stream === 'routing_settings') return '';
  return String(item['account_key'] ?? item['id'] ?? item['name']);
}

/**
 * The microsecond at which a span of an agent began.
 *
 * @param {Item} item
 */
export function timelineKey({ agent_id: agent, start_time: start }) {
  const [, second, fraction = ''] = /^(.{19})(?:\.(\d+))?/.exec(String(start)) ?? [];
  return `${String(agent)}|${second?.replace(' ', 'T')}.${fraction.padEnd(6, '0')}`;
}
