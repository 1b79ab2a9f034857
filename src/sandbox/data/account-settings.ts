import type { JsonObject } from '../../core/json.ts';
import settings from './values/settings.json' with { type: 'json' };
import { daySeconds, isoSeconds } from './time-formats.ts';
import type { Agent } from './agents.ts';
import { applyPatch } from './raw-json.ts';
import type { WholeName } from './resources.ts';

/**
 * The resources without pages (single objects and unpaged lists): the content of `settings.json`, with the generated
 * agents.
 */
export function makeAccountSettings(
  agents: readonly Agent[],
  members: readonly Agent[],
  nowSeconds: number,
): Record<WholeName, JsonObject[]> {
  const { account, departments, roles, shortcuts, skills } = settings;
  const ids = members.map(({ id }) => id);
  const create_date = isoSeconds(nowSeconds - 900 * daySeconds);
  const plan = { ...account.plan, max_agents: agents.length };
  const isIn = (index: number) => (_id: number, place: number) =>
    place % departments.length === index;
  return {
    ...settings,
    account: [{ ...account, create_date, plan }],
    'routing_settings/account': [settings['routing_settings/account']],
    departments: departments.map((item, index) =>
      applyPatch(item, { members: ids.filter(isIn(index)) }),
    ),
    roles: roles.map((item, index) =>
      applyPatch(item, { members_count: index === 0 ? 1 : ids.length - 1 }),
    ),
    shortcuts: shortcuts.map((item) =>
      'agents' in item ? applyPatch(item, { agents: ids.slice(0, 1) }) : item,
    ),
    skills: skills.map((item, index) => applyPatch(item, { members: ids.slice(index, index + 2) })),
  };
}
