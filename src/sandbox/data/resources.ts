import { secondUs } from './time-formats.ts';

/** The exports (`incremental/…`), by the last word of their path. */
export const exportNames = [
  'chats',
  'agent_timeline',
  'conversions',
  'department_events',
  'agent_events',
] as const;
export type ExportName = (typeof exportNames)[number];

/** The lists that are answered whole. */
const unpagedNames = ['departments', 'goals', 'roles', 'shortcuts', 'skills', 'triggers'] as const;

/** The lists that are paged by id. */
export const idListNames = ['agents', 'bans', 'routing_settings/agents'] as const;
export type IdListName = (typeof idListNames)[number];

/** The two resources that are one object. */
export const objectNames = ['account', 'routing_settings/account'] as const;
export type WholeName = (typeof objectNames | typeof unpagedNames)[number];

/** What the sandbox holds. An export is named without its `incremental/`. */
export type Resource = ExportName | WholeName | IdListName;

/** All but the exports. */
export const listNames = [...objectNames, ...unpagedNames, ...idListNames] as const;

export const resourceNames: readonly Resource[] = [...listNames, ...exportNames];

/** The key of an export's items that holds their time; for timespans it is their start. */
export const timeKeys: Readonly<Partial<Record<Resource, string>>> = {
  chats: 'update_timestamp',
  agent_timeline: 'start_time',
  conversions: 'timestamp',
  department_events: 'timestamp',
  agent_events: 'timestamp',
} satisfies Record<ExportName, string>;

export function isOneOf<Name extends string>(list: readonly Name[], word: string): word is Name {
  return list.some((name) => name === word);
}

/** What a store counts in, in the unit of the resource. Of the exports, only agent_timeline counts microseconds. */
export function unitOf(resource: Resource): number {
  return resource === 'agent_timeline' || timeKeys[resource] === undefined ? 1 : secondUs;
}
