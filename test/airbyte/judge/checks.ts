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

/** The faults that every verb can have. */
function processFaults(run: SourceRun, secrets: readonly string[] = []): readonly string[] {
  const { code, stderr, touched } = run;
  const isLoud = code === 0 && stderr !== '';
  return [
    ...(isLoud ? [`stderr is logged as an error: ${stderr.slice(0, 200)}`] : []),
    ...touched.map((file) => `the source wrote to ${file}`),
    ...secretFaults(run, secrets),
  ];
}

/** The faults of an incomplete read, which was killed, stopped, or not read to its end. */
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

/** The faults of a read that ended by itself. */
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

type Answer<T extends MessageType> = Told<Extract<AirbyteMessage, { type: T }>>;

/** The one message that a verb prints, and the faults of the run. */
function answerOf<T extends MessageType>(
  run: SourceRun,
  type: T,
  { others, secrets = [] }: { others: readonly MessageType[]; secrets?: readonly string[] },
): { readonly answers: readonly Answer<T>[]; readonly faults: readonly string[] } {
  const { told, faults } = tellingOf(run, false);
  const answers = toldOf(told, type);
  const around = [
    ...faults,
    ...strangerFaults(told, [type, ...others]),
    ...(answers.length === 1 ? [] : [`${answers.length} ${type} where there must be one`]),
    ...(run.code === 0 ? [] : [`exit ${run.code}`]),
    ...processFaults(run, secrets),
  ];
  return { answers, faults: around };
}

/** The faults of a run of `spec`. */
export function specRunFaults(run: SourceRun): readonly string[] {
  const { answers, faults } = answerOf(run, 'SPEC', { others: ['LOG', 'TRACE'] });
  return [
    ...faults,
    ...(answers[0] === undefined || answers[0].line === 1 ? [] : ['SPEC is not the first line']),
    ...answers.flatMap(({ message }) => specFaults(message.spec)),
  ];
}

/** The faults of a run of `check`, whether it succeeds or fails. */
export function checkRunFaults(run: SourceRun, secrets: readonly string[] = []): readonly string[] {
  const others: MessageType[] = ['LOG', 'TRACE', 'CONTROL'];
  const { answers, faults } = answerOf(run, 'CONNECTION_STATUS', { others, secrets });
  const isSilent = answers.some(({ message: { connectionStatus } }) => {
    const { status, message = '' } = connectionStatus;
    return status === 'FAILED' && message.trim() === '';
  });
  return [...faults, ...(isSilent ? ['FAILED does not say why'] : [])];
}

/** The faults of a run of `discover`. */
export function discoverRunFaults(
  run: SourceRun,
  secrets: readonly string[] = [],
): readonly string[] {
  const others: MessageType[] = ['LOG', 'TRACE', 'CONTROL'];
  const { answers, faults } = answerOf(run, 'CATALOG', { others, secrets });
  return [...faults, ...answers.flatMap(({ message }) => catalogFaults(message.catalog))];
}
