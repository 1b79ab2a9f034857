import type { JsonObject } from '../../core/json.ts';
import settings from './values/settings.json' with { type: 'json' };
import { daySeconds, isoSeconds } from './time-formats.ts';
import { cyclicItem, hash32, Random } from './random.ts';
import { fullVocabulary } from './vocabulary.ts';

/** In an account connected to Zendesk Support, ids have at least twelve digits. */
const firstAgentId = 380_000_000_001;

/** The properties of an agent that chats and timespans contain. */
export interface Agent {
  readonly id: number;
  readonly name: string;
  readonly fullName: string;
}

/** Options for generating timespans, events and chats. */
export interface DataOptions {
  readonly seed: number;
  /** The range of their times in seconds since 1970. */
  readonly range: readonly [from: number, to: number];
  readonly agents: readonly Agent[];
}

/** The id of the account, which is part of many other ids. */
export const accountId = 1_234_567;

export const { departments } = settings;

/** The agents of an account. At least one, because chats need an agent. */
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
 * An agent in the format of `GET agents`. As in old accounts, some agents have a null `last_login`, and a few lack
 * `role_id`, `skills` and `enabled_departments` and use 1 instead of true.
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

/** The routing settings of an agent. No recording is available; the format is a guess from the account-wide settings. */
export function agentRoutingItem(agent: Agent, index: number): JsonObject {
  return {
    agent_id: agent.id,
    chat_limit: { enabled: index % 2 === 0, limit: 3 + (index % 4) },
    skills: skillsOf(index),
  };
}
