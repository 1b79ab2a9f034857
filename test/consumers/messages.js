/** Airbyte's messages, as far as the rows look into them. */

/**
 * @typedef {object} StreamState
 * @property {string} type
 * @property {{ stream_descriptor: { name: string }, stream_state: Record<string, unknown> }} stream
 * @property {{ recordCount: number }} [sourceStats]
 */

/**
 * @typedef {object} CatalogStream
 * @property {string} name
 * @property {string[]} supported_sync_modes
 * @property {{ properties: Record<string, unknown> }} json_schema
 */

/**
 * @typedef {object} Message
 * @property {string} type
 * @property {{ stream: string, data: Record<string, unknown> }} [record]
 * @property {StreamState} [state]
 * @property {{ streams: CatalogStream[] }} [catalog]
 * @property {{ status: string, message?: string }} [connectionStatus]
 * @property {Trace} [trace]
 */

/**
 * @typedef {object} Trace
 * @property {string} type
 * @property {{ stream_descriptor: { name: string }, status: string }} [stream_status]
 * @property {{ message: string, stream_descriptor?: { name: string } }} [error]
 */

/**
 * @param {string} output
 * @returns {readonly Message[]}
 */
export function messagesOf(output) {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/**
 * @param {readonly Message[]} messages
 * @returns {Readonly<Record<string, readonly Record<string, unknown>[]>>} data by stream
 */
export function recordsOf(messages) {
  /** @type {Record<string, Record<string, unknown>[]>} */
  const records = {};
  for (const { record } of messages) {
    if (record !== undefined) (records[record.stream] ??= []).push(record.data);
  }
  return records;
}

/**
 * @param {readonly Message[]} messages
 * @returns {readonly StreamState[]} the last one of each stream
 */
export function lastStates(messages) {
  const states = messages.flatMap(({ state }) => (state === undefined ? [] : [state]));
  return [...new Map(states.map((state) => [state.stream.stream_descriptor.name, state])).values()];
}

/**
 * @param {readonly Message[]} messages
 * @returns {readonly CatalogStream[]}
 */
export function discovered(messages) {
  const catalogs = messages.flatMap(({ catalog }) => (catalog === undefined ? [] : [catalog]));
  if (catalogs.length !== 1) throw new Error(`There are ${catalogs.length} catalogs, not one.`);
  return catalogs[0]?.streams ?? [];
}

/**
 * All streams, each as far on as it can be: incremental if it knows how to.
 *
 * @param {readonly CatalogStream[]} streams
 */
export function configuredCatalog(streams) {
  const configured = streams.map((stream) => ({
    stream,
    sync_mode: stream.supported_sync_modes.includes('incremental') ? 'incremental' : 'full_refresh',
    destination_sync_mode: 'append',
  }));
  return { streams: configured };
}

/**
 * @param {readonly Message[]} messages
 * @returns {Readonly<Record<string, readonly string[]>>} statuses by stream, in their order
 */
export function statusesOf(messages) {
  /** @type {Record<string, string[]>} */
  const statuses = {};
  for (const { trace } of messages) {
    const status = trace?.stream_status;
    if (status !== undefined) (statuses[status.stream_descriptor.name] ??= []).push(status.status);
  }
  return statuses;
}
