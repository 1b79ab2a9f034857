/** Where the states of other taps end (test/data/states and the like), and where reading begins then. */
import { readFileSync } from 'node:fs';

import type { JsonObject } from '../../src/core/json.ts';
import type { LoggedRequest } from '../../src/sandbox/api/request-log.ts';

/** 2024-02-09T13:12:16Z, the time in most of the states. No run may start that late. */
export const at = 1_707_484_336;

/** 2024-02-08T10:00:00Z, the older one if there are two. */
export const older = 1_707_386_400;

export const startDate = '2024-01-15T00:00:00Z';

/** The query of a stream's first request. */
export interface Starts {
  readonly chats: number;
  readonly agent_timeline: number;
  readonly agents: number;
  readonly bans: number;
}

/** `startDate`, and all agents and bans. */
export const fromStartDate: Starts = {
  chats: 1_705_276_800,
  agent_timeline: 1_705_276_800_000_000,
  agents: 0,
  bans: 0,
};

/** The starts of the first requests of a run; NaN for a stream without a request. */
export function startsOf(requests: readonly LoggedRequest[]): Starts {
  const first = (path: string, key: string): number => {
    const found = requests.find((request) => request.path === `/api/v2/chat/${path}`);
    return Number(found?.query[key] ?? Number.NaN);
  };
  return {
    chats: first('incremental/chats', 'start_time'),
    agent_timeline: first('incremental/agent_timeline', 'start_time'),
    agents: first('agents', 'since_id'),
    bans: first('bans', 'since_id'),
  };
}

/** A state as another tap left it. */
export function fixture(name: string): JsonObject {
  const url = new URL(`../data/states/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8'));
}

/** After the ids of agents and bans in the states. */
export const byId = { agents: 361_089_721_036, bans: 40_512 };

const timeline = (at - 310) * 1e6;

/** The states of each version of Airbyte's connector, and where reading begins with them. */
export const airbyteForms: readonly { readonly form: string; readonly begins: Partial<Starts> }[] =
  [
    { form: 's1', begins: { ...byId, agent_timeline: timeline } },
    { form: 's2', begins: { ...byId, agent_timeline: timeline, chats: older - 310 } },
    { form: 's3', begins: { ...byId, agent_timeline: timeline, chats: at - 310 } },
    { form: 's4', begins: { ...byId, agent_timeline: timeline + 123_456, chats: at - 310 } },
    { form: 's5', begins: { ...byId, agent_timeline: timeline, chats: at - 310 } },
    { form: 's6', begins: { ...byId, agent_timeline: timeline + 123_456, chats: at - 310 } },
    { form: 's7', begins: { ...byId, agent_timeline: timeline + 123_456, chats: older - 310 } },
    { form: 's8', begins: {} },
  ];
