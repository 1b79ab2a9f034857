/** States that the platform would reject, miscount, or resume from incorrectly. */
import { isJsonObject, type JsonObject } from '../../../src/core/json.ts';
import { streamOf, toldOf, type Expectation, type Told } from './expectation.ts';
import { cursorOf } from './instants.ts';
import type { AirbyteMessage, ConfiguredStream, StateMessage } from './protocol.ts';

interface Memory {
  /** Records since the last state. */
  records: number;
  states: number;
  /** The line of the last record. */
  recordLine: number;
  cursor: bigint | undefined;
}

function cursorIn(state: unknown, { stream, cursor_field: chosen }: ConfiguredStream) {
  const [name] = chosen ?? stream.default_cursor_field ?? [];
  return name === undefined || !isJsonObject(state) ? undefined : cursorOf(state[name]);
}

/** The faults of a state that can be found without other states. */
function formFaults({ state }: StateMessage, configured: ReadonlyMap<string, unknown>): string[] {
  const { type = 'LEGACY', stream } = state;
  if (type !== 'STREAM') return [`is of the type ${type}, which the platform refuses`];
  const { name = '', namespace } = stream?.stream_descriptor ?? {};
  return [
    ...('id' in state ? ['has an id, which is for the platform to give'] : []),
    ...(configured.has(name) && namespace === undefined
      ? []
      : [`is of ${name}, which is not of the configured catalog`]),
    ...(stream?.stream_state === undefined ? ['holds nothing'] : []),
  ];
}

function countFaults({ state }: StateMessage, { records }: Memory): readonly string[] {
  const told = state.sourceStats?.recordCount;
  return told === records
    ? []
    : [`counts ${told ?? 'no'} records, but ${records} were written since the previous state`];
}

/** The memory of every configured stream before its first line. */
function memories(
  configured: ReadonlyMap<string, ConfiguredStream>,
  given: Readonly<Record<string, JsonObject>>,
): Map<string, Memory> {
  return new Map(
    [...configured].map(([name, stream]) => [
      name,
      { records: 0, states: 0, recordLine: 0, cursor: cursorIn(given[name], stream) },
    ]),
  );
}

/** Follows the records and states of a run. */
function follow(told: readonly Told[], { catalog, given = {} }: Expectation) {
  const configured = new Map(catalog.streams.map((one) => [one.stream.name, one]));
  const memory = memories(configured, given);
  const faults: string[] = [];
  for (const { line, message } of told) {
    const name = streamOf(message) ?? '';
    const here = memory.get(name);
    if (message.type === 'RECORD' && here !== undefined) {
      here.records += 1;
      here.recordLine = line;
    }
    if (message.type !== 'STATE') continue;
    const where = `line ${line}: a state`;
    faults.push(...formFaults(message, configured).map((fault) => `${where} ${fault}`));
    const stream = configured.get(name);
    if (here === undefined || stream === undefined) continue;
    const cursor = cursorIn(message.state.stream?.stream_state, stream);
    const isBack = here.cursor !== undefined && (cursor === undefined || cursor < here.cursor);
    if (isBack) faults.push(`${where} of ${name} moves backwards`);
    faults.push(...countFaults(message, here).map((fault) => `${where} of ${name} ${fault}`));
    here.cursor = cursor ?? here.cursor;
    here.records = 0;
    here.states += 1;
  }
  return { memory, faults };
}

/** The faults of the states of a run, complete or truncated. */
export function stateFaults(told: readonly Told[], expected: Expectation): readonly string[] {
  return follow(told, expected).faults;
}

function isStart(message: AirbyteMessage): boolean {
  return message.type === 'TRACE' && message.trace.stream_status?.status === 'STARTED';
}

/** The faults of the states at the end of a complete run. */
export function finalStateFaults(told: readonly Told[], expected: Expectation): readonly string[] {
  const started = new Set(
    told.filter(({ message }) => isStart(message)).map(({ message }) => streamOf(message)),
  );
  const all = [...follow(told, expected).memory];
  const uncovered = all.filter(([, { records }]) => records > 0);
  const stateless = all.filter(([name, { states }]) => states === 0 && started.has(name));
  return [
    ...uncovered.map(
      ([name, { recordLine }]) =>
        `line ${recordLine}: a record of ${name} stands behind its last state`,
    ),
    ...stateless.map(([name]) => `${name} has no state`),
  ];
}

/** Streams of a blob whose position is not sent before the first stream starts. */
export function takeoverFaults(
  told: readonly Told[],
  { blobStreams = [] }: Expectation,
): readonly string[] {
  const first = told.find(({ message }) => message.type === 'RECORD' || isStart(message));
  const before = told.filter(({ line }) => line < (first?.line ?? Infinity));
  const named = new Set(toldOf(before, 'STATE').map(({ message }) => streamOf(message)));
  return blobStreams
    .filter((name) => !named.has(name))
    .map((name) => `the blob's position of ${name} is not sent before the first stream starts`);
}
