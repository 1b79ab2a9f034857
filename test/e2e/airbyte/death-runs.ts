/** Syncs that die somewhere, the ones that follow them, and what both together have brought. */
import type { JsonObject } from '../../../src/json.ts';
import type { Sandbox } from '../../../src/sandbox/server.ts';
import { connection, messagesOf, runIn, spawnIn, statusesOf } from '../../helpers/run-source.ts';
import { contentFaults, contentsAfter, readStory, type Contents } from '../../lossless/union.ts';
import { partFaults, readFaults } from '../../platform/checks.ts';
import { storedState } from '../../platform/configure.ts';
import { streamOf } from '../../platform/expectation.ts';
import type { AirbyteMessage } from '../../platform/protocol.ts';
import type { Death, SourceRun } from '../../platform/source-run.ts';

/** Pages of 20, and no pace. */
export const smallPages = {
  agents_page_limit: 20,
  bans_page_limit: 20,
  requests_per_minute: 10_000,
};

/** A sync in the account of the deaths, to its end. */
export function syncIn(sandbox: Sandbox, state?: object): Promise<SourceRun> {
  return runIn(sandbox, { config: smallPages, ...(state !== undefined && { state }) });
}

/** One of the built source that dies. */
function dieIn(sandbox: Sandbox, death: Death, state?: object): Promise<SourceRun> {
  return spawnIn(sandbox, { config: smallPages, death, ...(state !== undefined && { state }) });
}

/** The records of these syncs as they lie in a destination, the newest of each key. */
export function delivered(runs: readonly SourceRun[]): Contents {
  const stories = runs.map((run) => {
    const records = messagesOf(run).flatMap((message) =>
      message.type === 'RECORD' ? [singerLine(message.record)] : [],
    );
    return readStory(Buffer.from(records.join('')));
  });
  return contentsAfter(stories);
}

function singerLine({ stream, data }: { readonly stream: string; readonly data: JsonObject }) {
  return `${JSON.stringify({ type: 'RECORD', stream, record: data })}\n`;
}

interface Covered {
  readonly keys: ReadonlySet<string>;
  readonly stream: string;
}

function keyOf(message: AirbyteMessage): string {
  return message.type === 'RECORD' ? JSON.stringify(message.record.data['id'] ?? null) : '';
}

/** Keys of the records of each stream that its last state covers. */
function coveredBy(run: SourceRun): readonly Covered[] {
  const messages = messagesOf(run);
  const streams = new Set(messages.flatMap((message) => streamOf(message) ?? []));
  return [...streams].map((stream) => {
    const isOf = (message: AirbyteMessage): boolean => streamOf(message) === stream;
    const last = messages.findLastIndex((one) => one.type === 'STATE' && isOf(one));
    const records = messages.slice(0, last).filter((one) => one.type === 'RECORD' && isOf(one));
    return { stream, keys: new Set(records.map((one) => keyOf(one))) };
  });
}

const withCursor = new Set(['agents', 'bans', 'agent_timeline', 'chats']);

/** The most records of one stream that the second run brought although a state of the first one covers them. */
export function mostRepeated(first: SourceRun, second: SourceRun): number {
  const messages = messagesOf(second);
  const counts = coveredBy(first)
    .filter(({ stream }) => withCursor.has(stream))
    .map(({ stream, keys }) => {
      const again = messages.filter((one) => one.type === 'RECORD' && streamOf(one) === stream);
      return again.filter((one) => keys.has(keyOf(one))).length;
    });
  return Math.max(0, ...counts);
}

/** What the platform has for the next run: the states that came or, where none did, what the run was given. */
export function nextState(run: SourceRun, given: object | undefined): object | undefined {
  const stored = storedState([run]);
  return stored.length > 0 ? stored : given;
}

export interface DeathTrial {
  readonly faults: readonly string[];
  readonly repeated: number;
  /** False: the run was over before its death. */
  readonly hasDied: boolean;
}

/** A sync from `given` that dies, and one from the last state it delivered: both together must bring `expected`. */
export async function dieAndResume(
  sandbox: Sandbox,
  death: Death,
  expected: Contents,
  given?: object,
): Promise<DeathTrial> {
  const catalog = await connection();
  const first = await dieIn(sandbox, death, given);
  const rest = await syncIn(sandbox, nextState(first, given));
  const got = delivered([first, rest]);
  // A death among the positions of a blob leaves some of them unsaid: those streams are read whole.
  const isAmongPositions = given !== undefined && statusesOf(first).length === 0;
  const lost = contentFaults(got, expected).filter(
    (fault) => !(isAmongPositions && fault.endsWith('is invented')),
  );
  return {
    faults: [...partFaults(first, { catalog }), ...readFaults(rest, { catalog }), ...lost],
    repeated: mostRepeated(first, rest),
    hasDied: first.code !== 0,
  };
}
