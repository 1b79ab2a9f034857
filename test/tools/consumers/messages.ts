/** Airbyte's messages, as far as the rows look into them. */

export interface StreamState {
  readonly type: string;
  readonly stream: { stream_descriptor: { name: string }; stream_state: Record<string, unknown> };
}

export interface Schema {
  readonly type?: string | string[];
  readonly format?: string;
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
}

export interface CatalogStream {
  readonly name: string;
  readonly supported_sync_modes: string[];
  readonly json_schema: { properties: Record<string, Schema> };
}

export interface Message {
  readonly type: string;
  readonly record?: { stream: string; data: Record<string, unknown> };
  readonly state?: StreamState;
  readonly catalog?: { streams: CatalogStream[] };
}

export function messagesOf(output: string): readonly Message[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** @returns data by stream */
export function recordsOf(
  messages: readonly Message[],
): Readonly<Record<string, readonly Record<string, unknown>[]>> {
  const records: Record<string, Record<string, unknown>[]> = {};
  for (const { record } of messages) {
    if (record !== undefined) (records[record.stream] ??= []).push(record.data);
  }
  return records;
}

/** @returns the last one of each stream, as a source is given it */
export function lastStates(messages: readonly Message[]): readonly StreamState[] {
  const states = messages.flatMap(({ state }) => state ?? []);
  const last = new Map(states.map(({ stream }) => [stream.stream_descriptor.name, stream]));
  return [...last.values()].map((stream) => ({ type: 'STREAM', stream }));
}

export function discovered(messages: readonly Message[]): readonly CatalogStream[] {
  return messages.flatMap(({ catalog }) => catalog?.streams ?? []);
}

/** All streams, each as far on as it can be: incremental if it knows how to. */
export function configuredCatalog(streams: readonly CatalogStream[]): {
  streams: { stream: CatalogStream; sync_mode: string; destination_sync_mode: string }[];
} {
  const configured = streams.map((stream) => ({
    stream,
    sync_mode: stream.supported_sync_modes.includes('incremental') ? 'incremental' : 'full_refresh',
    destination_sync_mode: 'append',
  }));
  return { streams: configured };
}
