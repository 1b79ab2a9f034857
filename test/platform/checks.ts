/**
 * The judge: what the platform would drop, strip, miscount or stop at, each as a sentence. `[]`: it would
 * take everything. It is loud where the platform is silent.
 */
import { catalogFaults } from './catalog-checks.ts';
import { tellingOf, toldOf, type Expectation, type Told } from './expectation.ts';
import type { AirbyteMessage } from './protocol.ts';
import { recordFaults } from './record-checks.ts';
import { secretFaults } from './secret-checks.ts';
import type { SourceRun } from './source-run.ts';
import { specFaults } from './spec-checks.ts';
import { finalStateFaults, stateFaults, takeoverFaults } from './state-checks.ts';
import { endFaults, followStatuses } from './status-checks.ts';

type MessageType = AirbyteMessage['type'];

/** Messages that have their place in another verb are ignored by the platform. */
function strangerFaults(told: readonly Told[], expected: readonly MessageType[]) {
  return told
    .filter(({ message }) => !expected.includes(message.type))
    .map(({ line, message }) => `line ${line}: a ${message.type} is ignored here`);
}

/** Silences between beats that are longer than allowed; the start of the run counts as one. */
function beatFaults(
  told: readonly Told[],
  { maxGapMs = Infinity }: Expectation,
  { startedMs }: SourceRun,
): readonly string[] {
  const beats = told.filter(({ message: { type } }) => type === 'RECORD' || type === 'STATE');
  return beats.flatMap(({ line, atMs }, index) => {
    const gap = atMs - (beats[index - 1]?.atMs ?? startedMs);
    return gap <= maxGapMs
      ? []
      : [`line ${line}: no RECORD or STATE for ${gap} ms, where ${maxGapMs} are allowed`];
  });
}

/** What holds for every verb. */
function processFaults(run: SourceRun, secrets: readonly string[] = []): readonly string[] {
  const { code, stderr, touched } = run;
  const isLoud = code === 0 && stderr !== '';
  return [
    ...(isLoud ? [`stderr is logged as an error: ${stderr.slice(0, 200)}`] : []),
    ...touched.map((file) => `the source wrote to ${file}`),
    ...secretFaults(run, secrets),
  ];
}

/** What is wrong with a read as far as it came: for one that was killed, stopped, or not read to its end. */
export function partFaults(run: SourceRun, expected: Expectation): readonly string[] {
  const { told, faults } = tellingOf(run, true);
  return [
    ...faults,
    ...strangerFaults(told, ['RECORD', 'STATE', 'LOG', 'TRACE', 'CONTROL']),
    ...recordFaults(told, expected, run),
    ...stateFaults(told, expected),
    ...takeoverFaults(told, expected),
    ...followStatuses(told, expected).faults,
    ...beatFaults(told, expected, run),
    ...processFaults(run, expected.secrets),
  ];
}

/** What is wrong with a read that ended by itself. */
export function readFaults(run: SourceRun, expected: Expectation): readonly string[] {
  const { told, faults } = tellingOf(run, false);
  const { code, signal } = run;
  const { courses } = followStatuses(told, expected);
  return [
    ...faults.filter((fault) => fault.endsWith('has no end')),
    ...partFaults(run, expected),
    ...finalStateFaults(told, expected),
    ...(code === null ? [`the source was ended by ${signal}`] : endFaults(told, courses, code)),
  ];
}

/** What is wrong with a run of `spec`. */
export function specRunFaults(run: SourceRun): readonly string[] {
  const { told, faults } = tellingOf(run, false);
  const specs = toldOf(told, 'SPEC');
  return [
    ...faults,
    ...strangerFaults(told, ['SPEC', 'LOG', 'TRACE']),
    ...(specs.length === 1 ? [] : [`${specs.length} SPEC where there must be one`]),
    ...(specs[0] === undefined || specs[0].line === 1 ? [] : ['SPEC is not the first line']),
    ...specs.flatMap(({ message }) => specFaults(message.spec)),
    ...(run.code === 0 ? [] : [`exit ${run.code}`]),
    ...processFaults(run),
  ];
}

/** What is wrong with a run of `check`, whether it succeeds or fails. */
export function checkRunFaults(run: SourceRun, secrets: readonly string[] = []): readonly string[] {
  const { told, faults } = tellingOf(run, false);
  const statuses = toldOf(told, 'CONNECTION_STATUS').map(({ message }) => message.connectionStatus);
  const silent = statuses.filter(
    ({ status, message = '' }) => status === 'FAILED' && message.trim() === '',
  );
  return [
    ...faults,
    ...strangerFaults(told, ['CONNECTION_STATUS', 'LOG', 'TRACE', 'CONTROL']),
    ...(statuses.length === 1
      ? []
      : [`${statuses.length} CONNECTION_STATUS where there must be one`]),
    ...silent.map(() => 'FAILED does not say why'),
    ...(run.code === 0 ? [] : [`exit ${run.code}`]),
    ...processFaults(run, secrets),
  ];
}

/** What is wrong with a run of `discover`. */
export function discoverRunFaults(
  run: SourceRun,
  secrets: readonly string[] = [],
): readonly string[] {
  const { told, faults } = tellingOf(run, false);
  const catalogs = toldOf(told, 'CATALOG');
  return [
    ...faults,
    ...strangerFaults(told, ['CATALOG', 'LOG', 'TRACE', 'CONTROL']),
    ...(catalogs.length === 1 ? [] : [`${catalogs.length} CATALOG where there must be one`]),
    ...catalogs.flatMap(({ message }) => catalogFaults(message.catalog)),
    ...(run.code === 0 ? [] : [`exit ${run.code}`]),
    ...processFaults(run, secrets),
  ];
}
