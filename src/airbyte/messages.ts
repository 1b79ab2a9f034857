/**
 * Airbyte's messages as lines. Field names are the protocol's own (airbyte_protocol.yaml, version 0.18);
 * what has no value is left out, since readers have stumbled over null.
 */
import type { TapError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { LogLevel } from '../core/logger.ts';

const airbyteLevels: Readonly<Record<LogLevel, string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warning: 'WARN',
  error: 'ERROR',
  critical: 'FATAL',
};

export type AirbyteStreamStatus = 'STARTED' | 'RUNNING' | 'COMPLETE' | 'INCOMPLETE';

export function messageLine(message: object): string {
  return `${JSON.stringify(message)}\n`;
}

/** A LOG message, without its line feed. */
export function formatLog(level: LogLevel, message: string): string {
  return JSON.stringify({ type: 'LOG', log: { level: airbyteLevels[level], message } });
}

/** `failure`: why a sync with this config would fail; `undefined`: it would not. */
export function connectionStatusLine(failure: string | undefined): string {
  const connectionStatus =
    failure === undefined ? { status: 'SUCCEEDED' } : { status: 'FAILED', message: failure };
  return messageLine({ type: 'CONNECTION_STATUS', connectionStatus });
}

/** A config to be kept in the place of the one that was given, whole. */
export function controlLine(config: JsonObject, emittedAt: number): string {
  const control = { type: 'CONNECTOR_CONFIG', emitted_at: emittedAt, connectorConfig: { config } };
  return messageLine({ type: 'CONTROL', control });
}

/** `untilMs`: the API makes the stream wait until then, ms since 1970. */
export function streamStatusLine(
  name: string,
  status: AirbyteStreamStatus,
  emittedAt: number,
  untilMs?: number,
): string {
  const reasons =
    untilMs === undefined
      ? {}
      : { reasons: [{ type: 'RATE_LIMITED', rate_limited: { quota_reset: Math.ceil(untilMs) } }] };
  const stream_status = { stream_descriptor: { name }, status, ...reasons };
  const trace = { type: 'STREAM_STATUS', emitted_at: emittedAt, stream_status };
  return messageLine({ type: 'TRACE', trace });
}

export function traceErrorLine(
  { message, kind, stream }: Pick<TapError, 'message' | 'kind' | 'stream'>,
  emittedAt: number,
): string {
  const descriptor = stream === undefined ? {} : { stream_descriptor: { name: stream } };
  const error = { message, failure_type: `${kind}_error`, ...descriptor };
  return messageLine({ type: 'TRACE', trace: { type: 'ERROR', emitted_at: emittedAt, error } });
}

/** A stream's state, and how many of its records were written since the last one. */
export function stateLine(name: string, state: JsonObject, recordCount: number): string {
  const stream = { stream_descriptor: { name }, stream_state: state };
  const streamState = { type: 'STREAM', stream, sourceStats: { recordCount } };
  return messageLine({ type: 'STATE', state: streamState });
}

/** What stands before a record's JSON in its line; `recordSuffix` closes it. */
export function recordPrefix(name: string, emittedAt: number): string {
  const stream = JSON.stringify(name);
  return `{"type":"RECORD","record":{"stream":${stream},"emitted_at":${emittedAt},"data":`;
}

/** `nulled`: the fields of the record whose values could not be kept. */
export function recordSuffix(nulled: readonly string[] | undefined): string {
  if (nulled === undefined) return '}}';
  const reason = 'SOURCE_SERIALIZATION_ERROR';
  const changes = nulled.map((field) => ({ field, change: 'NULLED', reason }));
  return `,"meta":${JSON.stringify({ changes })}}}`;
}
