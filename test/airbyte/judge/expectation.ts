/** The expectations for a run, and its messages in the format of the checks. */
import type { JsonObject } from '../../../src/core/json.ts';
import type { ArrivedLine } from './arrivals.ts';
import {
  readMessage,
  type AirbyteMessage,
  type ConfiguredCatalog,
  type Reading,
} from './protocol.ts';
import type { SourceRun } from './source-run.ts';

export interface Expectation {
  readonly catalog: ConfiguredCatalog;
  /** Texts that must not appear in any form. */
  readonly secrets?: readonly string[];
  /** The input state of each stream. No later state may be lower. */
  readonly given?: Readonly<Record<string, JsonObject>>;
  /** Streams of a state that is one blob: the platform drops those that are not sent again at the start. */
  readonly blobStreams?: readonly string[];
  /** The longest time without a RECORD or STATE. Default: any. */
  readonly maxGapMs?: number;
}

/** A message and its line. */
export interface Told<T extends AirbyteMessage = AirbyteMessage> {
  /** Number of the line, counted from 1. */
  readonly line: number;
  /** When it was read, ms since 1970. */
  readonly atMs: number;
  /** Characters of the line. */
  readonly length: number;
  readonly message: T;
}

const readings = new WeakMap<ArrivedLine, Reading>();

/** The parsed lines, each parsed and validated only once. */
export function readingOf(line: ArrivedLine): Reading {
  const reading = readings.get(line) ?? readMessage(line.text);
  readings.set(line, reading);
  return reading;
}

export interface Telling {
  readonly told: readonly Told[];
  /** Lines that are not messages. */
  readonly faults: readonly string[];
}

/**
 * Reads all lines. A line without an end at the very end is a fault, unless the run was truncated: then it counts
 * as the platform counts it, if it can be read.
 */
export function tellingOf({ lines }: Pick<SourceRun, 'lines'>, isCut: boolean): Telling {
  const told: Told[] = [];
  const faults: string[] = [];
  for (const arrived of lines) {
    const { number: line, text, atMs, isWhole } = arrived;
    const reading = readingOf(arrived);
    if (!isWhole && !isCut) faults.push(`line ${line} has no end`);
    if (reading.message !== undefined) {
      told.push({ line, atMs, length: text.length, message: reading.message });
    } else if (isWhole || !isCut) {
      faults.push(...reading.faults.map((fault) => `line ${line} ${fault}`));
    }
  }
  return { told, faults };
}

/** Those of one type. */
export function toldOf<T extends AirbyteMessage['type']>(
  told: readonly Told[],
  type: T,
): readonly Told<Extract<AirbyteMessage, { type: T }>>[] {
  const isOfType = (one: Told): one is Told<Extract<AirbyteMessage, { type: T }>> =>
    one.message.type === type;
  return told.filter(isOfType);
}

/** The stream of a record, a state or a status. */
export function streamOf(message: AirbyteMessage): string | undefined {
  switch (message.type) {
    case 'RECORD':
      return message.record.stream;
    case 'STATE':
      return message.state.stream?.stream_descriptor.name;
    case 'TRACE':
      return message.trace.stream_status?.stream_descriptor.name;
    default:
      return undefined;
  }
}
