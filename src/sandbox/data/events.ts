import type { JsonObject } from '../../core/json.ts';
import { isoMicros, isoSeconds, secondUs } from './time-formats.ts';
import { accountId, departments, type DataOptions } from './agents.ts';
import { cyclicItem, hashFraction, hash32, toBase62 } from './random.ts';
import type { ExportName } from './resources.ts';
import type { StoredItem } from './item-store.ts';

interface Event {
  readonly index: number;
  /** The index as a string of fixed width. */
  readonly place: string;
  readonly timeUs: number;
  readonly agentId: number;
}

interface EventKind {
  /** Whether its times have microseconds. */
  readonly hasMicros: boolean;
  readonly key: (event: Event) => string;
  readonly item: (key: string, event: Event) => JsonObject;
}

const kinds: Readonly<Record<Exclude<ExportName, 'agent_timeline' | 'chats'>, EventKind>> = {
  /** No recording is available. The fields come from a connector's schema. */
  conversions: {
    hasMicros: false,
    key: ({ place }) => `conv-${place}`,
    item: (id, { index, timeUs, agentId }) => ({
      id,
      timestamp: isoSeconds(timeUs / secondUs),
      goal_id: 520_001 + (index % 3),
      goal_name: cyclicItem(['Bought', 'Subscribed', '注文完了'], index),
      attribution: {
        agent_id: index % 4 === 0 ? null : agentId,
        department_id: index % 3 === 0 ? null : cyclicItem(departments, 0).id,
        chat_id: index % 5 === 0 ? null : `2401.${accountId}.made${toBase62(index, 9)}`,
        chat_timestamp: isoSeconds(timeUs / secondUs - 1800),
      },
    }),
  },
  /** No recording is available. `value` is assumed to be a string, as in agent events. */
  department_events: {
    hasMicros: false,
    key: ({ place }) => `dev-${place}`,
    item: (id, { index, timeUs }) => ({
      id,
      timestamp: isoSeconds(timeUs / secondUs),
      department_id: cyclicItem(departments, index).id,
      field_name: 'status',
      previous_value: index % 2 === 0 ? 'offline' : 'online',
      value: index % 2 === 0 ? 'online' : 'offline',
    }),
  },
  /** `value` is a string for `status` and an integer for `engagements`. */
  agent_events: {
    hasMicros: true,
    key: ({ place, agentId }) => `Sb01.agent:${agentId}.${place}`,
    item: (id, { index, timeUs, agentId }) => ({
      id,
      account_id: accountId,
      agent_id: agentId,
      field_name: index % 2 === 0 ? 'engagements' : 'status',
      previous_value: index % 2 === 0 ? index % 3 : 'offline',
      value: index % 2 === 0 ? (index % 3) + 1 : 'online',
      timestamp: isoMicros(timeUs),
    }),
  },
};

/** `count` events of an export, spread over the range. The last one is exactly at the end. */
export function eventEntries(
  { seed: baseSeed, range, agents }: DataOptions,
  name: keyof typeof kinds,
  count: number,
  salt: number,
): StoredItem[] {
  const seed = baseSeed + salt;
  const { hasMicros, key: keyOf, item } = kinds[name];
  const [fromUs, toUs] = [range[0] * secondUs, range[1] * secondUs];
  const gapUs = (toUs - fromUs) / count;
  return Array.from({ length: count }, (_unused, index) => {
    const ownUs = fromUs + Math.floor((index + hashFraction(seed, index)) * gapUs);
    const us = index === count - 1 ? toUs : ownUs;
    const timeUs = hasMicros ? us : us - (us % secondUs);
    const agentId = cyclicItem(agents, hash32(seed, index)).id;
    const event = { index, place: toBase62(index, 7), timeUs, agentId };
    const key = keyOf(event);
    return { at: timeUs, key, item: () => item(key, event) };
  });
}
