import type { JsonObject } from '../json.ts';
import { makeBans } from './bans.ts';
import type { ChatWorld } from './chat-parts.ts';
import { createChatTimes } from './chat-times.ts';
import { chatSeries } from './chats.ts';
import type { EventOptions } from './events.ts';
import { agentEventSeries, conversionSeries, departmentEventSeries } from './events.ts';
import type { ExportStore } from './export-store.ts';
import { createExportStore } from './export-store.ts';
import { daySeconds, secondUs } from './instants.ts';
import type { ListStore, Listed } from './list-store.ts';
import { createListStore } from './list-store.ts';
import type { SandboxOptions } from './options.ts';
import type { Agent } from './people.ts';
import { agentItem, agentRoutingItem, makePeople } from './people.ts';
import type { NonEmpty } from './random.ts';
import type { ExportName, IdListName, ObjectName, PlainName } from './resources.ts';
import { accountItem, accountRoutingItem, plainLists } from './settings.ts';
import { timelineSeries } from './timeline.ts';
import { latinOnly } from './words.ts';

export const accountId = 1_234_567;
const defaultChats = 1000;
const defaultDays = 60;
const defaultNewestAgeSeconds = 600;
const defaultHistory = { min: 2, max: 60 };
const defaultAgents = 12;
const defaultBans = { ip: 23, visitor: 17 };
const defaultTimeline = 500;
const defaultConversions = 60;
const defaultDepartmentEvents = 80;
const defaultAgentEvents = 300;

/** Everything an account holds, by resource. */
export interface Stores {
  readonly exports: Readonly<Record<ExportName, ExportStore>>;
  readonly lists: Readonly<Record<PlainName | IdListName, ListStore>>;
  /** The two single objects; `put` replaces them. */
  readonly objects: Record<ObjectName, JsonObject>;
  readonly chatWorld: ChatWorld;
  /** Chats that existed from the start. */
  readonly chats: number;
  /** The beginning of the time the data are spread over. */
  readonly fromSeconds: number;
}

function keyOf(item: JsonObject): string {
  const key = item['id'] ?? item['agent_id'] ?? item['name'] ?? item;
  return typeof key === 'string' ? key : JSON.stringify(key);
}

/** An item with the place and the key that it says itself. */
export function listed(item: JsonObject, group = ''): Listed {
  return { id: Number(item['id'] ?? item['agent_id'] ?? 0), key: keyOf(item), group, item };
}

interface Setting {
  readonly options: SandboxOptions;
  readonly nowSeconds: number;
  readonly agents: NonEmpty<Agent>;
  readonly seed: number;
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

function makeExports(setting: Setting, world: ChatWorld): Record<ExportName, ExportStore> {
  const { options, seed, agents, fromSeconds, toSeconds } = setting;
  const range = { fromUs: fromSeconds * secondUs, toUs: toSeconds * secondUs };
  const events = (count: number, salt: number): EventOptions => {
    return { count, ...range, seed: seed + salt, accountId, agents };
  };
  const times = createChatTimes({
    length: options.chats ?? defaultChats,
    fromSeconds,
    toSeconds,
    seed,
    ties: options.ties ?? [],
  });
  const timeline = timelineSeries({
    ...range,
    rows: options.timeline ?? defaultTimeline,
    ties: options.timelineTies ?? 0,
    seed,
    agents,
    sort: options.switches?.timelineSort ?? 'end',
  });
  const departmentEvents = events(options.departmentEvents ?? defaultDepartmentEvents, 2);
  return {
    chats: createExportStore(chatSeries(world, times)),
    agent_timeline: createExportStore(timeline),
    conversions: createExportStore(
      conversionSeries(events(options.conversions ?? defaultConversions, 1)),
    ),
    department_events: createExportStore(departmentEventSeries(departmentEvents)),
    agent_events: createExportStore(
      agentEventSeries(events(options.agentEvents ?? defaultAgentEvents, 3)),
    ),
  };
}

function byId(items: readonly Listed[]): ListStore {
  return createListStore(items, true);
}

function makeLists(setting: Setting): Record<PlainName | IdListName, ListStore> {
  const { options, agents, nowSeconds } = setting;
  // With no agents asked for, chats still have somebody to talk to; only the list is empty.
  const members = agents.slice(0, options.agents ?? defaultAgents);
  const plain = plainLists(members);
  const whole = (name: PlainName): ListStore =>
    createListStore(
      plain[name].map((item) => listed(item)),
      false,
    );
  const bans = makeBans(options.bans ?? defaultBans, nowSeconds);
  return {
    departments: whole('departments'),
    goals: whole('goals'),
    roles: whole('roles'),
    shortcuts: whole('shortcuts'),
    skills: whole('skills'),
    triggers: whole('triggers'),
    agents: byId(members.map((agent, index) => listed(agentItem(agent, index, nowSeconds)))),
    bans: byId(bans.map(({ item, kind }) => listed(item, kind))),
    'routing_settings/agents': byId(
      members.map((agent, index) => listed(agentRoutingItem(agent, index))),
    ),
  };
}

/** Makes up everything the account holds. The same options and the same `nowMs` give the same data. */
export function createStores(options: SandboxOptions, nowMs: number): Stores {
  const nowSeconds = Math.floor(nowMs / 1000);
  const seed = options.seed ?? 1;
  const agents = makePeople(options.agents ?? defaultAgents, seed);
  const setting: Setting = {
    options,
    nowSeconds,
    agents,
    seed,
    fromSeconds: nowSeconds - (options.days ?? defaultDays) * daySeconds,
    toSeconds: nowSeconds - (options.newestAgeSeconds ?? defaultNewestAgeSeconds),
  };
  const chatWorld = {
    seed,
    accountId,
    agents,
    latinAgents: latinOnly(agents),
    history: options.history ?? defaultHistory,
  };
  return {
    exports: makeExports(setting, chatWorld),
    lists: makeLists(setting),
    objects: {
      account: accountItem(nowSeconds, agents),
      'routing_settings/account': accountRoutingItem(),
    },
    chatWorld,
    chats: options.chats ?? defaultChats,
    fromSeconds: setting.fromSeconds,
  };
}
