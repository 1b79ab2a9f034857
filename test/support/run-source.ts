/**
 * Runs the Airbyte source against a sandbox: inside this process, or (spawn..., start...) the built one on
 * the platform, for signals, deaths, the pace of a reader, the environment and the start.
 */
import { fileURLToPath } from 'node:url';

import { runAirbyte } from '../../src/airbyte/main.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { linesOf } from '../airbyte/judge/arrivals.ts';
import { discoverRunFaults } from '../airbyte/judge/checks.ts';
import { readingOf } from '../airbyte/judge/expectation.ts';
import { configured } from '../airbyte/judge/configure.ts';
import {
  type AirbyteMessage,
  type Catalog,
  type ConfiguredCatalog,
  type StreamStatus,
  type TraceError,
} from '../airbyte/judge/protocol.ts';
import { readPieces } from '../airbyte/judge/reader.ts';
import {
  platformEnvironment,
  spawnSource,
  startSource,
  type SourceInput,
  type SourceRun,
  type StartedSource,
  type VerbInput,
} from '../airbyte/judge/source-run.ts';
import { writeInputs } from './input-files.ts';
import { runInside } from './run-inside.ts';

export const sourcePath: string = fileURLToPath(
  new URL('../../bin/source-zendesk-chat.js', import.meta.url),
);

/** `AIRBYTE=all` runs tests that take minutes. `npm test` runs quick tests that still cover each promise. */
export const isWhole: boolean = process.env['AIRBYTE'] === 'all';

/** The cases to run: in `npm test` those that `isLean` picks. */
export function chosen<T>(cases: readonly T[], isLean: (one: T) => boolean): T[] {
  return cases.filter((one) => isWhole || isLean(one));
}

export interface InProcessVerb extends VerbInput {
  readonly clock?: Clock;
  /** Aborted: what SIGTERM does to a process. */
  readonly signal?: AbortSignal;
}

/** Runs a verb to its end inside this process, from its arguments to its output. */
export async function runSource(input: InProcessVerb): Promise<SourceRun> {
  const { clock = systemClock, signal, verb } = input;
  const folder = writeInputs(input, '.txt');
  const startedMs = clock.now();
  const env = { ...platformEnvironment, ...input.env };
  try {
    const { code, out, stderr } = await runInside(
      runAirbyte,
      { argv: [verb, ...folder.argv], env, clock, signal },
      (stdout) => readPieces(stdout, { clock }),
    );
    return {
      stdout: Buffer.concat(out.map(({ bytes }) => bytes)),
      stderr,
      lines: linesOf(out),
      code,
      signal: null,
      startedMs,
      endedMs: clock.now(),
      touched: folder.touched(),
    };
  } finally {
    folder.remove();
  }
}

/** Runs any verb without a sandbox, or with the address of something else. */
export function runVerb(
  verb: VerbInput['verb'],
  input: Omit<InProcessVerb, 'verb'> = {},
): Promise<SourceRun> {
  return runSource({ ...input, verb });
}

const entrypoint = [process.execPath, sourcePath];

/** The same with the built source, in a process. */
export function spawnVerb(
  verb: VerbInput['verb'],
  input: Omit<Partial<SourceInput>, 'verb'> = {},
): Promise<SourceRun> {
  return spawnSource({ entrypoint, ...input, verb });
}

let catalog: Promise<Catalog> | undefined;

async function discover(): Promise<Catalog> {
  const run = await runVerb('discover', {
    config: { subdomain: 'acme', access_token: 'secret-4711' },
  });
  const faults = discoverRunFaults(run, ['secret-4711']);
  const catalogs = messagesOf(run).flatMap((one) => (one.type === 'CATALOG' ? one.catalog : []));
  if (faults.length > 0 || catalogs[0] === undefined) throw new Error(faults.join('\n'));
  return catalogs[0];
}

/** The output of `discover`, which runs once. */
export function sourceCatalog(): Promise<Catalog> {
  return (catalog ??= discover());
}

const connections = new Map<string, ConfiguredCatalog>();

/** All streams, or these, as the platform configures them by default; in `mode`, if it is given. The same object each time. */
export async function connection(
  names?: readonly string[],
  mode?: 'full_refresh' | 'incremental',
): Promise<ConfiguredCatalog> {
  const key = JSON.stringify([names, mode]);
  const made = connections.get(key) ?? configured(await sourceCatalog(), names, mode);
  connections.set(key, made);
  return made;
}

/** The config is the sandbox's ready one and `config` on top of it. */
interface SandboxInput {
  readonly verb?: VerbInput['verb'];
  readonly config?: object | string;
  /** Only for `read`. Default: all streams with the platform's default choices. */
  readonly catalog?: ConfiguredCatalog | string;
}

type Special<Input> = SandboxInput & Omit<Partial<Input>, keyof SandboxInput>;
/** The options of a run in this process. */
export type SourceRunInput = Special<InProcessVerb>;
/** The options of a run in a separate process. */
export type SpawnedSourceInput = Special<SourceInput>;

async function inputFor(sandbox: Sandbox, input: SourceRunInput): Promise<VerbInput> {
  const { config = {}, catalog: given, env, verb = 'read' } = input;
  return {
    ...input,
    verb,
    config: typeof config === 'string' ? config : { ...sandbox.config, ...config },
    ...(verb === 'read' && { catalog: given ?? (await connection()) }),
    env: { ZENDESK_CHAT_API_URL: sandbox.url, ...env },
  };
}

/** Runs a verb (default: `read`) against a sandbox, inside this process. */
export async function runIn(sandbox: Sandbox, input: SourceRunInput = {}): Promise<SourceRun> {
  return runSource(await inputFor(sandbox, input));
}

/** Runs a verb of the built source, in a process. */
export async function spawnIn(
  sandbox: Sandbox,
  input: SpawnedSourceInput = {},
): Promise<SourceRun> {
  return spawnSource({ entrypoint, ...input, ...(await inputFor(sandbox, input)) });
}

/** Begins one. */
export async function startIn(
  sandbox: Sandbox,
  input: SpawnedSourceInput = {},
): Promise<StartedSource> {
  return startSource({ entrypoint, ...input, ...(await inputFor(sandbox, input)) });
}

/** The messages of a run; lines that are none are left to the platform's checks. */
export function messagesOf({ lines }: Pick<SourceRun, 'lines'>): readonly AirbyteMessage[] {
  return lines.flatMap((line) => readingOf(line).message ?? []);
}

/** A stream's records, in order. */
export function recordsOf(run: SourceRun, stream: string): readonly JsonObject[] {
  return messagesOf(run).flatMap((message) =>
    message.type === 'RECORD' && message.record.stream === stream ? [message.record.data] : [],
  );
}

/** A stream's states, in order. */
export function statesOf(run: SourceRun, stream: string): readonly JsonObject[] {
  return messagesOf(run).flatMap((message) => {
    const told = message.type === 'STATE' ? message.state.stream : undefined;
    return told?.stream_descriptor.name === stream ? [told.stream_state ?? {}] : [];
  });
}

/** The statuses of all streams, or of one, in order. */
export function statusesOf(run: SourceRun, stream?: string): readonly StreamStatus[] {
  return messagesOf(run).flatMap((message) => {
    const told = message.type === 'TRACE' ? message.trace.stream_status : undefined;
    const isMeant = stream === undefined || told?.stream_descriptor.name === stream;
    return told !== undefined && isMeant ? told : [];
  });
}

/** Streams by how they ended. */
export function endsOf(run: SourceRun): Readonly<Record<string, string>> {
  const ends = statusesOf(run).map(({ stream_descriptor: { name }, status }) => [name, status]);
  return Object.fromEntries(ends);
}

/** Every TRACE ERROR, in order. */
export function errorsOf(run: SourceRun): readonly TraceError[] {
  return messagesOf(run).flatMap((message) =>
    message.type === 'TRACE' ? (message.trace.error ?? []) : [],
  );
}

/** What was logged at this level. */
export function logsOf(run: SourceRun, level: string): readonly string[] {
  return messagesOf(run).flatMap((message) =>
    message.type === 'LOG' && message.log.level === level ? message.log.message : [],
  );
}

/** The result of `check`. */
export function verdictOf(run: SourceRun): {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly message?: string;
} {
  const [first] = messagesOf(run).flatMap((message) =>
    message.type === 'CONNECTION_STATUS' ? message.connectionStatus : [],
  );
  if (first === undefined) throw new Error('There is no CONNECTION_STATUS.');
  return first;
}
