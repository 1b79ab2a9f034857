/** The user's configuration of a catalog, and the state for the next run. */
import type { JsonObject } from '../../../src/core/json.ts';
import { readingOf } from './expectation.ts';
import type { AirbyteStream, Catalog, ConfiguredCatalog, SyncMode } from './protocol.ts';
import type { SourceRun } from './source-run.ts';

/**
 * Configures these streams (default: all) as the platform does with the default choices: where the mode is
 * left out, incremental if the stream can.
 */
export function configured(
  catalog: Catalog,
  names: readonly string[] = catalog.streams.map(({ name }) => name),
  mode?: SyncMode,
): ConfiguredCatalog {
  const chosen = names.map((name) => {
    const stream = catalog.streams.find((one) => one.name === name);
    if (stream === undefined) throw new Error(`the catalog has no ${name}`);
    return stream;
  });
  return { streams: chosen.map((stream) => configuredStream(stream, mode)) };
}

function configuredStream(stream: AirbyteStream, mode?: SyncMode) {
  const { supported_sync_modes: modes, default_cursor_field: cursor } = stream;
  const isIncremental = mode === undefined ? modes.includes('incremental') : mode === 'incremental';
  return {
    stream,
    sync_mode: isIncremental ? ('incremental' as const) : ('full_refresh' as const),
    destination_sync_mode: isIncremental ? ('append_dedup' as const) : ('overwrite' as const),
    ...(cursor === undefined ? {} : { cursor_field: cursor }),
    primary_key: stream.source_defined_primary_key ?? [],
  };
}

/** The state that the platform has stored after these runs: one state for each stream. */
export function storedState(runs: readonly Pick<SourceRun, 'lines'>[]): readonly JsonObject[] {
  const newest = new Map<string, JsonObject>();
  for (const { lines } of runs) {
    for (const line of lines) {
      const { message } = line.isWhole ? readingOf(line) : {};
      if (message?.type !== 'STATE') continue;
      const { stream } = message.state;
      if (stream === undefined) continue;
      newest.set(
        stream.stream_descriptor.name,
        JSON.parse(JSON.stringify({ type: 'STREAM', stream })),
      );
    }
  }
  return [...newest.values()];
}
