/** Where the states of other taps end (test/fixtures/states and the like), and where reading begins then. */

/** 2024-02-09T13:12:16Z, the time that stands in most of the states; none may be read from that late. */
export const at = 1_707_484_336;

/** 2024-02-08T10:00:00Z, the older one where there are two. */
export const older = 1_707_386_400;

export const startDate = '2024-01-15T00:00:00Z';

/** What a stream's first request asks for. */
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
