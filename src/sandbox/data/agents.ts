import type { JsonObject } from '../../core/json.ts';
import settings from './values/settings.json' with { type: 'json' };
import { daySeconds, isoSeconds } from './time-formats.ts';
import { cyclicItem, hash32, Random } from './random.ts';
import { fullVocabulary } from './vocabulary.ts';

/** Ids of an account connected to Support have twelve digits and more. */
const firstAgentId = 380_000_000_001;

/** An agent, as far as chats and timespans name one. */
export interface Agent {
  readonly id: number;
  readonly name: string;
  readonly fullName: string;
}

/** What timespans, events and chats are made from. */
export interface DataOptions {
  readonly seed: number;
  /** The range of their times in seconds since 1970. */
  readonly range: readonly [from: number, to: number];
  readonly agents: readonly Agent[];
}

/** The number of the account, part of many ids. */
export const accountId = 1_234_567;

export const { departments } = settings;

/** The agents of an account, at least one, so that chats have somebody to talk to. */
export function makeAgents(count: number, seed: number): Agent[] {
  const { firstNames, lastNames } = fullVocabulary;
  return Array.from({ length: Math.max(1, count) }, (_unused, index) => {
    const random = new Random(hash32(seed, index + 101));
    const given = random.pick(firstNames);
    const name = index < firstNames.length ? given : `${given} ${index}`;
    const fullName = `${name} ${random.pick(lastNames)}`.trim();
    return { id: firstAgentId + index * 3, name, fullName };
  });
}

/** Every second agent has a skill. */
function skillsOf(index: number): number[] {
  return index % 2 === 0 ? [cyclicItem(settings.skills, index).id] : [];
}

/**
 * An agent as `GET agents` has it. `last_login` is null for some; a few lack `role_id`, `skills` and
 * `enabled_departments`, and have 1 for true, as old accounts do.
 */
export function agentItem(agent: Agent, index: number, nowSeconds: number): JsonObject {
  const isOld = index % 9 === 8;
  const hasLoggedIn = index % 5 !== 3;
  const member = [cyclicItem(departments, index).id];
  const item: JsonObject = {
    id: agent.id,
    email: `agent${index}@example.test`,
    display_name: agent.name,
    first_name: agent.name,
    last_name: agent.fullName.slice(agent.name.length).trim(),
    enabled: isOld ? 1 : true,
    create_date: isoSeconds(nowSeconds - (400 - (index % 300)) * daySeconds),
    last_login: hasLoggedIn ? isoSeconds(nowSeconds - index * 3600) : null,
    login_count: hasLoggedIn ? 17 + index : 0,
    roles: { administrator: index === 0, owner: index === 0 },
    departments: member,
  };
  if (isOld) return item;
  const role_id = cyclicItem(settings.roles, index).id;
  const newer = { ...item, role_id, enabled_departments: member, skills: skillsOf(index) };
  return index % 6 === 5 ? { ...newer, scope: 'all' } : newer;
}

/** Routing of one agent. No recording of this resource is known: the shape is a guess from the account-wide one. */
export function agentRoutingItem(agent: Agent, index: number): JsonObject {
  return {
    agent_id: agent.id,
    chat_limit: { enabled: index % 2 === 0, limit: 3 + (index % 4) },
    skills: skillsOf(index),
  };
}
