import type { JsonObject } from '../json.ts';
import type { Series } from './export-store.ts';
import { isoMicros, isoSeconds, secondUs } from './instants.ts';
import type { Agent } from './people.ts';
import { departments } from './people.ts';
import type { NonEmpty } from './random.ts';
import { fraction, fromBase62, mix, toBase62 } from './random.ts';

export interface EventOptions {
  readonly count: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly seed: number;
  readonly accountId: number;
  readonly agents: NonEmpty<Agent>;
}

/** How one kind of event looks. */
interface EventKind {
  /** Its times are whole seconds. */
  readonly wholeSeconds: boolean;
  /** Ids end in the place of the event, in base 62. */
  id(place: string, index: number): string;
  item(id: string, timeUs: number, index: number): JsonObject;
}

const placeDigits = 7;

function eventSeries(options: EventOptions, kind: EventKind): Series {
  const { count, fromUs, toUs, seed } = options;
  const gapUs = (toUs - fromUs) / Math.max(1, count);
  function timeAt(index: number): number {
    const us =
      index === count - 1 ? toUs : fromUs + Math.floor((index + fraction(seed, index)) * gapUs);
    return kind.wholeSeconds ? Math.floor(us / secondUs) * secondUs : us;
  }
  const idAt = (index: number): string => kind.id(toBase62(index, placeDigits), index);
  return {
    length: count,
    timeAt,
    idAt,
    itemAt: (index) => kind.item(idAt(index), timeAt(index), index),
    indexOf(id) {
      const index = fromBase62(id.slice(-placeDigits));
      if (index === undefined || index >= count) return undefined;
      return idAt(index) === id ? index : undefined;
    },
  };
}

function agentOf(options: EventOptions, index: number): Agent {
  const place = mix(options.seed, index) % options.agents.length;
  return options.agents[place] ?? options.agents[0];
}

/** `incremental/conversions`. No recording is known: the fields are those that a connector's schema declares. */
export function conversionSeries(options: EventOptions): Series {
  return eventSeries(options, {
    wholeSeconds: true,
    id: (place) => `conv-${place}`,
    item: (id, timeUs, index) => ({
      id,
      timestamp: isoSeconds(timeUs / secondUs),
      goal_id: 520_001 + (index % 3),
      goal_name: ['Bought', 'Subscribed', '注文完了'][index % 3] ?? '',
      attribution: {
        agent_id: index % 4 === 0 ? null : agentOf(options, index).id,
        department_id: index % 3 === 0 ? null : departments[0].id,
        chat_id: index % 5 === 0 ? null : `2401.${options.accountId}.made${toBase62(index, 9)}`,
        chat_timestamp: isoSeconds(timeUs / secondUs - 1800),
      },
    }),
  });
}

/** `incremental/department_events`. No recording is known: `value` is a text by analogy with agent events, a guess. */
export function departmentEventSeries(options: EventOptions): Series {
  return eventSeries(options, {
    wholeSeconds: true,
    id: (place) => `dev-${place}`,
    item: (id, timeUs, index) => ({
      id,
      timestamp: isoSeconds(timeUs / secondUs),
      department_id: departments[index % departments.length]?.id ?? departments[0].id,
      field_name: 'status',
      previous_value: index % 2 === 0 ? 'offline' : 'online',
      value: index % 2 === 0 ? 'online' : 'offline',
    }),
  });
}

/** `incremental/agent_events`. `value` is a text for `status` and an integer for `engagements`. */
export function agentEventSeries(options: EventOptions): Series {
  return eventSeries(options, {
    wholeSeconds: false,
    id: (place, index) => `Sb01.agent:${agentOf(options, index).id}.${place}`,
    item: (id, timeUs, index) => ({
      id,
      account_id: options.accountId,
      agent_id: agentOf(options, index).id,
      field_name: index % 2 === 0 ? 'engagements' : 'status',
      previous_value: index % 2 === 0 ? index % 3 : 'offline',
      value: index % 2 === 0 ? (index % 3) + 1 : 'online',
      timestamp: isoMicros(timeUs),
    }),
  });
}
