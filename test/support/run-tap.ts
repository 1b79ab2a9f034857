/** Runs the tap inside this process, from its arguments to its output: no build is needed, and coverage is counted. */
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';

import { runSinger } from '../../src/cli/main.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { writeInputs, type InputFiles } from './input-files.ts';
import { runInside } from './run-inside.ts';
import type { Ending } from './start-process.ts';

/** The input of the tap, in this process or in a separate one. */
export interface TapInput extends InputFiles {
  /** The sandbox's `url`. Without it, requests would go to the real API. */
  readonly sandboxUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface InProcessInput extends TapInput {
  readonly clock?: Clock;
  /** An abort has the effect of SIGTERM on a process. */
  readonly signal?: AbortSignal;
  /** Reads the output to its end. Default: at once. */
  readonly read?: (stdout: Readable) => Promise<Buffer>;
}

export interface SchemaLine {
  readonly type: 'SCHEMA';
  readonly stream: string;
  readonly schema: JsonObject & { readonly properties: Readonly<Record<string, JsonObject>> };
  readonly key_properties: readonly string[];
  readonly bookmark_properties?: readonly string[];
}

export interface RecordLine {
  readonly type: 'RECORD';
  readonly stream: string;
  readonly time_extracted: string;
  readonly record: JsonObject;
}

export interface StateLine {
  readonly type: 'STATE';
  readonly value: JsonObject;
}

export type Line = SchemaLine | RecordLine | StateLine;

/** The output of the tap. Messages are parsed on first use. */
export interface Output {
  /** stdout byte by byte. */
  readonly bytes: Buffer;
  readonly stdout: string;
  /** stdout's lines without their ends. */
  readonly lines: readonly string[];
  readonly messages: readonly Line[];
  /** The records of a stream in the order they were written. */
  records(stream: string): readonly JsonObject[];
  /** By stream. */
  readonly schemas: Readonly<Record<string, SchemaLine>>;
  /** The values of all STATE lines. */
  readonly states: readonly JsonObject[];
  /** The value of the last STATE line; throws when there is none. */
  readonly lastState: JsonObject;
  /** stderr as it was written. */
  readonly log: string;
  /** The log without time stamps. */
  readonly stderr: string;
  readonly stderrLines: readonly string[];
  /** Lines that begin with WARNING, without that word. */
  readonly warnings: readonly string[];
}

export interface TapResult extends Output, Ending {}

/** A log without the time stamps of its lines. */
export function withoutTimes(log: string): string {
  return log.replaceAll(/^([A-Z]+) \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /gm, '$1 ');
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function groupRecords(messages: readonly Line[]): Map<string, JsonObject[]> {
  const groups = new Map<string, JsonObject[]>();
  for (const message of messages) {
    if (message.type !== 'RECORD') continue;
    const group = groups.get(message.stream) ?? [];
    groups.set(message.stream, group);
    group.push(message.record);
  }
  return groups;
}

function lastOf(states: readonly JsonObject[]): JsonObject {
  const last = states.at(-1);
  if (last === undefined) throw new Error('The tap wrote no STATE.');
  return last;
}

/** Parses the output of a run, which another helper may have started. */
export function readOutput(bytes: Buffer, log: string): Output {
  const stderr = withoutTimes(log);
  const stdout = lazy(() => bytes.toString('utf8'));
  const lines = lazy(() => linesOf(stdout()));
  const messages = lazy(() => lines().map((line): Line => JSON.parse(line)));
  const groups = lazy(() => groupRecords(messages()));
  const schemas = lazy(() => messages().filter((line) => line.type === 'SCHEMA'));
  const states = lazy(() =>
    messages().flatMap((line) => (line.type === 'STATE' ? [line.value] : [])),
  );
  const stderrLines = linesOf(stderr);
  return {
    bytes,
    log,
    stderr,
    stderrLines,
    warnings: stderrLines
      .filter((line) => line.startsWith('WARNING '))
      .map((line) => line.slice('WARNING '.length)),
    records: (stream) => groups().get(stream) ?? [],
    get stdout() {
      return stdout();
    },
    get lines() {
      return lines();
    },
    get messages() {
      return messages();
    },
    get schemas() {
      return Object.fromEntries(schemas().map((line) => [line.stream, line]));
    },
    get states() {
      return states();
    },
    get lastState() {
      return lastOf(states());
    },
  };
}

export function environment({ sandboxUrl, env }: TapInput): Record<string, string> {
  const url = sandboxUrl === undefined ? {} : { ZENDESK_CHAT_API_URL: sandboxUrl };
  return { ...url, ...env };
}

/** Runs the tap to its end. */
export async function runTap(input: InProcessInput): Promise<TapResult> {
  const { read = buffer, signal, clock } = input;
  const files = writeInputs(input);
  try {
    const { code, out, stderr } = await runInside(
      runSinger,
      { argv: files.argv, env: environment(input), signal, ...(clock !== undefined && { clock }) },
      read,
    );
    return Object.assign(readOutput(out, stderr), { code, signal: null });
  } finally {
    files.remove();
  }
}
