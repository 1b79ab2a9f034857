/** The account for the faults: pages of chats, a short list, pages of agents; and the expected records. */
import type { JsonObject } from '../../src/core/json.ts';
import type { FaultRule } from '../../src/sandbox/faults/fault-rules.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { incrementalCatalog } from '../support/catalogs.ts';
import { columnsOf, expectedRecords, recordFaults } from '../support/oracle.ts';
import type { Output, TapResult } from '../support/run-tap.ts';
import { withWorld, type World } from '../support/world.ts';

export const faultAccount: SandboxOptions = {
  chats: 25,
  agents: 12,
  switches: { maxPage: 10, agentsMaxPage: 5 },
};

export const faultStreams: readonly string[] = ['departments', 'agents', 'chats'];

export const faultCatalog: JsonObject = incrementalCatalog(faultStreams);

/** The chats are read first, so that other streams come after them. */
const chatsFirst = { bookmarks: {}, currently_syncing: 'chats' };

/**
 * The account with its sandbox and tap, on one clock. Unless `config` differs, requests are sent one after another,
 * because faults are counted.
 */
export interface FaultWorld extends Omit<World, 'run'> {
  readonly run: (config?: object, state?: JsonObject) => Promise<TapResult>;
}

/** Starts one for as long as `work` takes. */
export function withFaultAccount<T>(
  options: SandboxOptions,
  work: (world: FaultWorld) => Promise<T>,
): Promise<T> {
  return withWorld({ ...faultAccount, ...options }, ({ run, ...world }) =>
    work({
      ...world,
      run: (config = {}, state = chatsFirst) =>
        run({ config: { read_ahead: 1, ...config }, state, catalog: faultCatalog }),
    }),
  );
}

/** A request of a run, identified by its path and, if necessary, its query. */
export interface RequestPlace {
  readonly place: string;
  readonly stream: string;
  readonly path: string;
  readonly query: (sandbox: Sandbox) => Readonly<Record<string, string>>;
  /** Records of the stream that have been read before it. */
  readonly before: number;
}

/** Id of the agent of this place. */
function agentId({ account }: Sandbox, index: number): number {
  return Number([...account.dump('agents')][index]?.['id']);
}

export const requestPlaces: readonly RequestPlace[] = [
  {
    place: 'the first request of the chats',
    stream: 'chats',
    path: '=incremental/chats',
    query: () => ({}),
    before: 0,
  },
  {
    place: 'the second page of the chats',
    stream: 'chats',
    path: '=incremental/chats',
    query: ({ account }) => ({ start_time: String(account.timeAt('chats', 9)) }),
    before: 10,
  },
  {
    place: 'the only request of the departments',
    stream: 'departments',
    path: '=departments',
    query: () => ({}),
    before: 0,
  },
  {
    place: 'the second page of the agents',
    stream: 'agents',
    path: '=agents',
    query: (sandbox) => ({ since_id: String(agentId(sandbox, 4) + 1) }),
    before: 5,
  },
];

/** Adds this fault to the sandbox, permanently or for a number of times. */
export function addFault(
  sandbox: Sandbox,
  { path, query }: RequestPlace,
  rule: Pick<FaultRule, 'fault' | 'times'>,
): void {
  sandbox.faults.add({ path, query: query(sandbox), ...rule });
}

/** The text of a key of an item; `''` if there is none. */
export function textAt(item: JsonObject | undefined, key: string): string {
  const value = item?.[key];
  return typeof value === 'string' ? value : '';
}

/** Compares the records of a stream that come before a request with those of the account. */
export function lossesAmongFirst(
  sandbox: Sandbox,
  run: Output,
  { stream, before }: RequestPlace,
): readonly string[] {
  const expected = expectedRecords(sandbox, stream, columnsOf(run, stream));
  return recordFaults(stream, run.records(stream), expected.slice(0, before));
}
