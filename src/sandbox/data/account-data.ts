import type { JsonObject } from '../../core/json.ts';
import { makeBans } from './bans.ts';
import { chatTimes } from './chat-times.ts';
import { chatEntry, type ChatDataOptions } from './chats.ts';
import { eventEntries } from './events.ts';
import { daySeconds } from './time-formats.ts';
import type { ResolvedOptions } from '../program/options.ts';
import { agentItem, agentRoutingItem, makeAgents } from './agents.ts';
import type { ExportName, Resource } from './resources.ts';
import { makeAccountSettings } from './account-settings.ts';
import type { StoredItem } from './item-store.ts';
import { timelineEntries } from './timeline.ts';
import { latinOnly } from './vocabulary.ts';

/** The initial data of an account. */
export interface AccountData {
  readonly exports: Readonly<Record<ExportName, readonly StoredItem[]>>;
  readonly lists: Readonly<Record<Exclude<Resource, ExportName>, readonly JsonObject[]>>;
  /** The options for adding chats later. */
  readonly chatOptions: ChatDataOptions;
  /** The start of the time range of the data. */
  readonly fromSeconds: number;
}

/** Generates the initial data. The same settings and the same `nowSeconds` give the same data. */
export function makeAccountData(settings: ResolvedOptions, nowSeconds: number): AccountData {
  const { seed, history, chatSize, agents: agentCount } = settings;
  const agents = makeAgents(agentCount, seed);
  // With an agent count of 0, only the list of agents is empty: chats still need an agent.
  const members = agents.slice(0, agentCount);
  const fromSeconds = nowSeconds - settings.days * daySeconds;
  const range = [fromSeconds, nowSeconds - settings.newestAgeSeconds] as const;
  const options = { seed, range, agents };
  const chatOptions = { ...options, latinAgents: latinOnly(agents), history, chatSize };
  const times = chatTimes(options, settings);
  return {
    exports: {
      chats: times.map((time, index) => chatEntry(chatOptions, index, time)),
      agent_timeline: timelineEntries(options, settings),
      conversions: eventEntries(options, 'conversions', settings.conversions, 1),
      department_events: eventEntries(options, 'department_events', settings.departmentEvents, 2),
      agent_events: eventEntries(options, 'agent_events', settings.agentEvents, 3),
    },
    lists: {
      ...makeAccountSettings(agents, members, nowSeconds),
      agents: members.map((agent, index) => agentItem(agent, index, nowSeconds)),
      bans: makeBans(settings.bans, nowSeconds),
      'routing_settings/agents': members.map((agent, index) => agentRoutingItem(agent, index)),
    },
    chatOptions,
    fromSeconds,
  };
}
