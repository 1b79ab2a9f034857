import { secondUs } from './instants.ts';

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
export const plainNames = [
  'departments',
  'goals',
  'roles',
  'shortcuts',
  'skills',
  'triggers',
] as const;
export type PlainName = (typeof plainNames)[number];

/** The lists that are paged by id. */
export const idListNames = ['agents', 'bans', 'routing_settings/agents'] as const;
export type IdListName = (typeof idListNames)[number];

/** The two resources that are one object. */
export const objectNames = ['account', 'routing_settings/account'] as const;
export type ObjectName = (typeof objectNames)[number];

/** What the sandbox holds. An export is named without its `incremental/`. */
export type Resource = ExportName | PlainName | IdListName | ObjectName;

export const resourceNames: readonly Resource[] = [
  ...objectNames,
  ...plainNames,
  ...idListNames,
  ...exportNames,
];

/** Is it one of the exports? */
export function isExport(resource: Resource): resource is ExportName {
  return (exportNames as readonly string[]).includes(resource);
}

/** Is it one of the single objects? */
export function isObject(resource: Resource): resource is ObjectName {
  return (objectNames as readonly string[]).includes(resource);
}

/** Microseconds in the unit that an export counts its times in. Only agent_timeline counts microseconds. */
export function unitUs(resource: ExportName): number {
  return resource === 'agent_timeline' ? 1 : secondUs;
}
