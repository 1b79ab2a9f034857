/** Scripts for the fake source: a valid read, and replacements for its parts. */
import type { JsonObject } from '../../../src/core/json.ts';
import type { ConfiguredCatalog } from './protocol.ts';

/** See `fake-source.js`. */
export type Step =
  | { readonly say: object }
  | { readonly write: string }
  | { readonly complain: string }
  | { readonly pauseMs: number }
  | { readonly touch: string }
  | { readonly flood: readonly object[] }
  | { readonly exit: number };

const chatSchema: JsonObject = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    update_timestamp: { type: ['null', 'string'], format: 'date-time' },
    note: { type: ['null', 'string'] },
  },
};

/** Two streams, one of each kind. */
export const catalog: ConfiguredCatalog = {
  streams: [
    {
      stream: {
        name: 'chats',
        json_schema: chatSchema,
        supported_sync_modes: ['full_refresh', 'incremental'],
        source_defined_cursor: true,
        default_cursor_field: ['update_timestamp'],
        source_defined_primary_key: [['id']],
      },
      sync_mode: 'incremental',
      destination_sync_mode: 'append_dedup',
    },
    {
      stream: {
        name: 'goals',
        json_schema: { type: 'object', properties: { id: { type: 'integer' } } },
        supported_sync_modes: ['full_refresh'],
        source_defined_primary_key: [['id']],
      },
      sync_mode: 'full_refresh',
      destination_sync_mode: 'overwrite',
    },
  ],
};

export function status(name: string, word: string, reasons?: readonly object[]): Step {
  const streamStatus = { stream_descriptor: { name }, status: word, reasons };
  return { say: { type: 'TRACE', trace: { type: 'STREAM_STATUS', stream_status: streamStatus } } };
}

export function record(stream: string, data: object, more: object = {}): Step {
  return { say: { type: 'RECORD', record: { stream, data, ...more } } };
}

/** `more` goes beside the state's own fields. */
export function state(
  name: string,
  value: object,
  recordCount: number | undefined,
  more: object = {},
): Step {
  const stream = { stream_descriptor: { name }, stream_state: value };
  const sourceStats = recordCount === undefined ? undefined : { recordCount };
  return { say: { type: 'STATE', state: { type: 'STREAM', stream, sourceStats, ...more } } };
}

export function error(message: string, name?: string): Step {
  const descriptor = name === undefined ? undefined : { name };
  const told = { message, failure_type: 'system_error', stream_descriptor: descriptor };
  return { say: { type: 'TRACE', trace: { type: 'ERROR', error: told } } };
}

export function log(level: string, message: string): Step {
  return { say: { type: 'LOG', log: { level, message } } };
}

export function chat(id: number, more: object = {}): JsonObject {
  return { id: `c${id}`, update_timestamp: `2026-01-0${id}T00:00:00Z`, note: null, ...more };
}

export function chatState(id: number): JsonObject {
  return { update_timestamp: `2026-01-0${id}T00:00:00Z` };
}

/** A valid read, in named parts. */
export const goodRead = {
  before: [log('INFO', 'hello')],
  start: [status('chats', 'STARTED'), state('chats', {}, 0)],
  running: [status('chats', 'RUNNING')],
  firstPage: [record('chats', chat(1)), record('chats', chat(2))],
  firstState: [state('chats', chatState(2), 2)],
  wait: [status('chats', 'RUNNING', [{ type: 'RATE_LIMITED', rate_limited: { quota_reset: 9 } }])],
  secondPage: [record('chats', chat(3))],
  secondState: [state('chats', chatState(3), 1)],
  end: [status('chats', 'COMPLETE')],
  goals: [
    status('goals', 'STARTED'),
    status('goals', 'RUNNING'),
    record('goals', { id: 1 }),
    state('goals', { __ab_no_cursor_state_message: true }, 1),
  ],
  goalsEnd: [status('goals', 'COMPLETE')],
  exit: [{ exit: 0 }],
} satisfies Record<string, readonly Step[]>;

/** Steps that replace parts of the valid read. */
export type Defect = Partial<Record<keyof typeof goodRead, readonly Step[]>>;

export function readWith(defect: Defect): readonly Step[] {
  return Object.values({ ...goodRead, ...defect }).flat();
}
