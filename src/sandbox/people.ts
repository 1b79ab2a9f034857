import type { JsonObject } from '../json.ts';
import { daySeconds, isoSeconds } from './instants.ts';
import type { NonEmpty } from './random.ts';
import { createRandom, mix } from './random.ts';
import { firstNames, lastNames } from './words.ts';

/** Ids of an account connected to Support have twelve digits and more. */
const firstAgentId = 380_000_000_001;

/** An agent, as far as chats and timespans name one. */
export interface Agent {
  readonly id: number;
  readonly name: string;
  readonly fullName: string;
}

export interface Department {
  readonly id: number;
  readonly name: string;
}

export const departments: NonEmpty<Department> = [
  { id: 2_200_000_001, name: 'Sales' },
  { id: 2_200_000_002, name: 'Support' },
  { id: 5_417_000_000_003, name: '返品窓口' },
];

export const skillIds: NonEmpty<number> = [1_400_001, 1_400_002, 1_400_003];
export const roleIds: NonEmpty<number> = [370_000_000_001, 370_000_000_002, 370_000_000_003];

/** The agents of an account, at least one, so that chats have somebody to talk to. */
export function makePeople(count: number, seed: number): NonEmpty<Agent> {
  const [first, ...others] = Array.from({ length: Math.max(1, count) }, (_unused, index) => {
    const random = createRandom(mix(seed, index + 101));
    const given = random.pick(firstNames);
    const name = index < firstNames.length ? given : `${given} ${index}`;
    const family = random.pick(lastNames);
    return { id: firstAgentId + index * 3, name, fullName: `${name} ${family}`.trim() };
  });
  return [first ?? { id: firstAgentId, name: 'Ann', fullName: 'Ann' }, ...others];
}

/**
 * An agent as `GET agents` has it. `last_login` is null for some; a few lack `role_id`, `skills` and
 * `enabled_departments`, and have 1 for true, as old accounts do.
 */
export function agentItem(agent: Agent, index: number, nowSeconds: number): JsonObject {
  const created = nowSeconds - (400 - (index % 300)) * daySeconds;
  const department = departments[index % departments.length] ?? departments[0];
  const isOld = index % 9 === 8;
  const item: JsonObject = {
    id: agent.id,
    email: `agent${index}@example.test`,
    display_name: agent.name,
    first_name: agent.name,
    last_name: agent.fullName.slice(agent.name.length).trim(),
    enabled: isOld ? 1 : true,
    create_date: isoSeconds(created),
    last_login: index % 5 === 3 ? null : isoSeconds(nowSeconds - index * 3600),
    login_count: index % 5 === 3 ? 0 : 17 + index,
    roles: { administrator: index === 0, owner: index === 0 },
    departments: [department.id],
  };
  if (isOld) return item;
  item['role_id'] = roleIds[index % roleIds.length] ?? roleIds[0];
  item['enabled_departments'] = [department.id];
  item['skills'] = index % 2 === 0 ? [skillIds[index % skillIds.length] ?? skillIds[0]] : [];
  if (index % 6 === 5) item['scope'] = 'all';
  return item;
}

/** Routing of one agent. No recording of this resource is known: the shape is a guess from the account-wide one. */
export function agentRoutingItem(agent: Agent, index: number): JsonObject {
  return {
    agent_id: agent.id,
    chat_limit: { enabled: index % 2 === 0, limit: 3 + (index % 4) },
    skills: index % 2 === 0 ? [skillIds[index % skillIds.length] ?? skillIds[0]] : [],
  };
}
