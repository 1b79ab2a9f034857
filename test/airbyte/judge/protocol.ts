/** The Airbyte protocol for a source: the valid lines and their types. */
import { readFileSync } from 'node:fs';

import { Ajv } from 'ajv';

import { isJsonObject, type JsonObject } from '../../../src/core/json.ts';

export type SyncMode = 'full_refresh' | 'incremental';

/** A stream in the output of `discover`. */
export interface AirbyteStream {
  readonly name: string;
  readonly json_schema: JsonObject;
  readonly supported_sync_modes: readonly SyncMode[];
  readonly source_defined_cursor?: boolean;
  readonly default_cursor_field?: readonly string[];
  readonly source_defined_primary_key?: readonly (readonly string[])[];
  readonly namespace?: string;
  readonly is_resumable?: boolean;
  readonly is_file_based?: boolean;
}

export interface Catalog {
  readonly streams: readonly AirbyteStream[];
}

/** A stream as the user configured it. */
export interface ConfiguredStream {
  readonly stream: AirbyteStream;
  readonly sync_mode: SyncMode;
  readonly destination_sync_mode: 'append' | 'overwrite' | 'append_dedup';
  readonly cursor_field?: readonly string[];
  readonly primary_key?: readonly (readonly string[])[];
}

export interface ConfiguredCatalog {
  readonly streams: readonly ConfiguredStream[];
}

export interface Descriptor {
  readonly name: string;
  readonly namespace?: string;
}

export interface RecordMessage {
  readonly type: 'RECORD';
  readonly record: {
    readonly stream: string;
    readonly namespace?: string;
    readonly data: JsonObject;
    /** Milliseconds since 1970. */
    readonly emitted_at: number;
    readonly meta?: {
      readonly changes?: readonly {
        readonly field: string;
        readonly change: 'NULLED' | 'TRUNCATED';
        readonly reason: string;
      }[];
    };
  };
}

export interface StateMessage {
  readonly type: 'STATE';
  readonly state: {
    readonly type?: 'STREAM' | 'GLOBAL' | 'LEGACY';
    readonly stream?: {
      readonly stream_descriptor: Descriptor;
      readonly stream_state?: JsonObject;
    };
    readonly data?: JsonObject;
    readonly sourceStats?: { readonly recordCount?: number };
    readonly id?: number;
  };
}

export interface TraceError {
  readonly message: string;
  readonly failure_type?: 'config_error' | 'transient_error' | 'system_error';
  readonly stream_descriptor?: Descriptor;
}

export interface StreamStatus {
  readonly stream_descriptor: Descriptor;
  readonly status: 'STARTED' | 'RUNNING' | 'COMPLETE' | 'INCOMPLETE';
  readonly reasons?: readonly {
    readonly type: 'RATE_LIMITED';
    /** Milliseconds since 1970. */
    readonly rate_limited?: { readonly quota_reset?: number };
  }[];
}

export interface TraceMessage {
  readonly type: 'TRACE';
  readonly trace: {
    readonly type: 'ERROR' | 'ESTIMATE' | 'STREAM_STATUS' | 'ANALYTICS';
    /** Milliseconds since 1970. */
    readonly emitted_at: number;
    readonly error?: TraceError;
    readonly stream_status?: StreamStatus;
  };
}

export interface SpecMessage {
  readonly type: 'SPEC';
  readonly spec: {
    readonly connectionSpecification: JsonObject;
    readonly documentationUrl?: string;
  };
}

export type AirbyteMessage =
  | RecordMessage
  | StateMessage
  | TraceMessage
  | SpecMessage
  | { type: 'LOG'; log: { level: string; message: string } }
  | { type: 'CATALOG'; catalog: Catalog }
  | { type: 'CONTROL'; control: { connectorConfig?: { config: JsonObject } } }
  | {
      type: 'CONNECTION_STATUS';
      connectionStatus: { status: 'SUCCEEDED' | 'FAILED'; message?: string };
    };

const schema: JsonObject = JSON.parse(
  readFileSync(new URL('./protocol.json', import.meta.url), 'utf8'),
);

const validate = new Ajv({
  strict: true,
  strictRequired: false,
  strictTypes: false,
  allErrors: true,
  formats: { uri: (text: string) => URL.canParse(text) },
}).compile<AirbyteMessage>(schema);

/** The message in a line, or the reason why the line is not a message. */
export type Reading =
  | { readonly message: AirbyteMessage; readonly faults?: undefined }
  | { readonly message?: undefined; readonly faults: readonly string[] };

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Reads one line without its end. */
export function readMessage(line: string): Reading {
  const value = parsed(line);
  if (!isJsonObject(value)) return { faults: [`is no JSON object: ${line.slice(0, 100)}`] };
  if (validate(value)) return { message: value };
  const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if');
  return {
    faults: errors.map(
      ({ instancePath, message = '' }) => `is no valid message: ${instancePath} ${message}`,
    ),
  };
}
