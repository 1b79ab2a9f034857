/**
 * Airbyte's messages as JSON lines. Field names come from airbyte_protocol.yaml, version 0.18. Fields without a value
 * are omitted, because some readers fail on null.
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

/** A LOG message without a line feed. */
export function formatLog(level: LogLevel, message: string): string {
  return JSON.stringify({ type: 'LOG', log: { level: airbyteLevels[level], message } });
}

/** `failure` is the reason why a sync would fail; `undefined` means success. */
export function connectionStatusLine(failure: string | undefined): string {
  const connectionStatus =
    failure === undefined ? { status: 'SUCCEEDED' } : { status: 'FAILED', message: failure };
  return messageLine({ type: 'CONNECTION_STATUS', connectionStatus });
}

/** Asks the platform to store this config instead of the one it passed. */
export function controlLine(config: JsonObject, emittedAt: number): string {
  const control = { type: 'CONNECTOR_CONFIG', emitted_at: emittedAt, connectorConfig: { config } };
  return messageLine({ type: 'CONTROL', control });
}

/** `untilMs` is the end of the API's rate limit in ms since 1970. */
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

/** A stream's state and the number of records written since its previous state. */
export function stateLine(name: string, state: JsonObject, recordCount: number): string {
  const stream = { stream_descriptor: { name }, stream_state: state };
  const streamState = { type: 'STREAM', stream, sourceStats: { recordCount } };
  return messageLine({ type: 'STATE', state: streamState });
}

/** The start of a RECORD line, before the record's JSON. `recordSuffix` is its end. */
export function recordPrefix(name: string, emittedAt: number): string {
  const stream = JSON.stringify(name);
  return `{"type":"RECORD","record":{"stream":${stream},"emitted_at":${emittedAt},"data":`;
}

/** `nulled` lists the fields whose values were replaced by null. */
export function recordSuffix(nulled: readonly string[] | undefined): string {
  if (nulled === undefined) return '}}';
  const reason = 'SOURCE_SERIALIZATION_ERROR';
  const changes = nulled.map((field) => ({ field, change: 'NULLED', reason }));
  return `,"meta":${JSON.stringify({ changes })}}}`;
}
