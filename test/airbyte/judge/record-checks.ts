/** Records that the platform would drop, strip of columns, warn about, or stop at. */
import { Ajv, type ValidateFunction } from 'ajv';

import { isJsonObject, type Json, type JsonObject } from '../../../src/core/json.ts';
import { toldOf, type Expectation, type Told } from './expectation.ts';
import { isInstant } from './instants.ts';
import type { ConfiguredStream, RecordMessage } from './protocol.ts';
import type { SourceRun } from './source-run.ts';

/** Destinations truncate or empty a line of this number of characters. */
const largeLine = 20_000_000;

/** The two clocks of a run are one, but a page may be stamped before the process is seen to start. */
const clockSlackMs = 1000;

interface Contract {
  readonly columns: ReadonlySet<string>;
  readonly keys: readonly (readonly string[])[];
  readonly validate: ValidateFunction;
}

const contracts = new WeakMap<ConfiguredStream, Contract>();

/** Made once for each stream of a catalog. */
function contractOf(configured: ConfiguredStream): Contract {
  const known = contracts.get(configured) ?? makeContract(configured);
  contracts.set(configured, known);
  return known;
}

function makeContract({ stream, primary_key: chosen }: ConfiguredStream): Contract {
  const { json_schema: schema, source_defined_primary_key: defined } = stream;
  const { properties } = schema;
  return {
    columns: new Set(isJsonObject(properties) ? Object.keys(properties) : []),
    keys: defined ?? chosen ?? [],
    validate: new Ajv({
      strict: false,
      formats: { 'date-time': isInstant },
    }).compile(schema),
  };
}

function valueAt(data: JsonObject, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (value, step) => (isJsonObject(value) ? value[step] : undefined),
    data,
  );
}

function dataFaults(data: JsonObject, { columns, keys, validate }: Contract): readonly string[] {
  const names = Object.keys(data);
  if (names.length === 0) return ['holds nothing'];
  const faults = names
    .filter((name) => !columns.has(name))
    .map((name) => `holds ${name}, which the catalog does not declare`);
  const empty = keys.filter((path) => (valueAt(data, path) ?? null) === null);
  faults.push(...empty.map((path) => `has no key ${path.join('.')}`));
  if (!validate(data)) {
    const [error] = validate.errors ?? [];
    faults.push(`breaks its schema: ${error?.instancePath} ${error?.message}`);
  }
  return faults;
}

function timeFaults(
  emitted: number,
  latest: number,
  { startedMs, endedMs }: Pick<SourceRun, 'startedMs' | 'endedMs'>,
): readonly string[] {
  const isWithin = emitted >= startedMs - clockSlackMs && emitted <= endedMs + clockSlackMs;
  return [
    ...(isWithin ? [] : [`was emitted at ${emitted}, which is not within the run`]),
    ...(emitted >= latest ? [] : ['was emitted before the one before it']),
  ];
}

/** Whether a record is too large and no warning names it. */
function isUnsaidlyLarge(one: Told<RecordMessage>, warnings: readonly string[]): boolean {
  if (one.length < largeLine) return false;
  const { id = null } = one.message.record.data;
  const name = typeof id === 'string' ? id : JSON.stringify(id);
  return !warnings.some((warning) => warning.includes(name));
}

/** The faults of the records of a run, complete or truncated. */
export function recordFaults(
  told: readonly Told[],
  { catalog }: Expectation,
  run: Pick<SourceRun, 'startedMs' | 'endedMs'>,
): readonly string[] {
  const streams = new Map(catalog.streams.map((one) => [one.stream.name, one]));
  const warnings = toldOf(told, 'LOG')
    .filter(({ message }) => message.log.level === 'WARN')
    .map(({ message }) => message.log.message);
  const latest = new Map<string, number>();
  return toldOf(told, 'RECORD').flatMap((one) => {
    const { stream, namespace, data, emitted_at: emitted } = one.message.record;
    const where = `line ${one.line}: a record of ${stream}`;
    const configured = namespace === undefined ? streams.get(stream) : undefined;
    if (configured === undefined) return [`${where} is not of the configured catalog`];
    const faults = [
      ...dataFaults(data, contractOf(configured)),
      ...timeFaults(emitted, latest.get(stream) ?? 0, run),
      ...(isUnsaidlyLarge(one, warnings) ? ['is too large, and no warning names it'] : []),
    ];
    latest.set(stream, emitted);
    return faults.map((fault) => `${where} ${fault}`);
  });
}
