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

/** The lists without pages. */
const unpagedNames = ['departments', 'goals', 'roles', 'shortcuts', 'skills', 'triggers'] as const;

/** The lists that are paged by id. */
export const idListNames = ['agents', 'bans', 'routing_settings/agents'] as const;
export type IdListName = (typeof idListNames)[number];

/** The resources that consist of a single object. */
export const objectNames = ['account', 'routing_settings/account'] as const;
export type WholeName = (typeof objectNames | typeof unpagedNames)[number];

/** All resources. The names of exports do not contain `incremental/`. */
export type Resource = ExportName | WholeName | IdListName;

/** All resources except the exports. */
export const listNames = [...objectNames, ...unpagedNames, ...idListNames] as const;

export const resourceNames: readonly Resource[] = [...listNames, ...exportNames];

/** The key with the time of an export's items. For timespans, this is the start. */
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

/** The unit of the resource's times or positions, in the store's unit. Exports except agent_timeline use seconds. */
export function unitOf(resource: Resource): number {
  return resource === 'agent_timeline' || timeKeys[resource] === undefined ? 1 : secondUs;
}
