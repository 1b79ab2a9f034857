/** What must hold of the runs over a made-up account. */
import { createDice } from '../../no-loss/dice.ts';
import type { EarlyRequest } from './api.ts';
import type { ModelCase, ModelItem } from './case.ts';
import { runModel, wantedItems, type ModelRecord, type ModelRun, type RunOptions } from './run.ts';
import { createServer, type ModelServer } from './server.ts';

interface Figures {
  accounts: number;
  runs: number;
  gaveUp: number;
  requests: number;
  earlyRequests: number;
  usedPages: number;
  /** Of whole runs that are compared. */
  aheadRequests: number;
  serialRequests: number;
}

/** What was found over some accounts. */
export class Findings {
  readonly problems: string[] = [];
  readonly figures: Figures = {
    accounts: 0,
    runs: 0,
    gaveUp: 0,
    requests: 0,
    earlyRequests: 0,
    usedPages: 0,
    aheadRequests: 0,
    serialRequests: 0,
  };

  add(seed: number, problem: string): void {
    this.problems.push(`seed ${seed}: ${problem}`);
  }
}

type Runner = (server: ModelServer, options?: RunOptions) => Promise<ModelRun>;

/** Runs, counts, and looks for what no run may do. */
function createRunner(model: ModelCase, findings: Findings): Runner {
  return async (server, options) => {
    const run = await runModel(model, server, options);
    findings.figures.runs += 1;
    findings.figures.requests += run.requests;
    findings.figures.earlyRequests += run.early.length;
    findings.figures.usedPages += run.stats?.used ?? 0;
    if (run.error !== undefined) {
      findings.figures.gaveUp += 1;
      if (!mayGiveUp(model, server.items(), run)) findings.add(model.seed, run.error);
    }
    for (const problem of earlyProblems(run)) findings.add(model.seed, problem);
    const older = olderVersions(run.records);
    if (older.length > 0) findings.add(model.seed, `an older version at last: ${older.join(' ')}`);
    return run;
  };
}

/** What early requests may not do; each that is sent is counted once at the end. */
function earlyProblems({ early, head, stats }: ModelRun): string[] {
  const placeOf = ({ query, reason }: EarlyRequest): string =>
    `${reason} ${query['start_time']} ${query['start_id']}`;
  const isRepeated = early.some(
    (failed, index) =>
      failed.outcome === 'failed' &&
      failed.signal?.aborted !== true &&
      failed.reason?.startsWith('regular page') === true &&
      early
        .slice(index + 1)
        .some((later) => later.sentMs >= failed.endedMs && placeOf(later) === placeOf(failed)),
  );
  const { ahead = 0, used = 0, wasted = 0, failed = 0, dropped = 0 } = stats ?? {};
  // One may be dropped before it is sent.
  const answered = used + wasted + failed;
  return [
    ...(early.some(({ query }) => Number(query['start_time']) > head)
      ? ['asks beyond the head']
      : []),
    ...(early.some(({ outcome }) => outcome === 'in flight')
      ? ['early requests go on at the end']
      : []),
    ...(ahead > 0 ? [`${ahead} early pages are kept at the end`] : []),
    ...(answered > early.length || answered + dropped < early.length
      ? [`early requests are miscounted: ${JSON.stringify(stats)} of ${early.length}`]
      : []),
    ...(isRepeated ? ['a failed guess is sent again'] : []),
  ];
}

function largestTie(items: readonly ModelItem[]): number {
  const counts = new Map<number, number>();
  for (const { place } of items) counts.set(place, (counts.get(place) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

/** May this run end with an error? Where nothing leads through ties, or the server is not to be understood. */
function mayGiveUp(model: ModelCase, items: readonly ModelItem[], run: ModelRun): boolean {
  const { emptyEvery, repeatEvery, editEveryMs } = model;
  if ((emptyEvery ?? repeatEvery ?? editEveryMs) !== undefined) return true;
  const tie = largestTie(items);
  // An item that says another time than the export sorts it by seems to have moved.
  if (model.isLed) return tie > 1 && items.some(({ oddity }) => oddity !== 'none');
  return tie >= Math.min(model.clamp, run.smallestLimit);
}

function olderVersions(records: readonly ModelRecord[]): string[] {
  const last = new Map<string, number>();
  return records.flatMap(({ key, version }) => {
    const isOlder = version < (last.get(key) ?? 0);
    last.set(key, version);
    return isOlder ? [key] : [];
  });
}

/** A STATE, and the records that a target has when it is written. */
interface Cut {
  readonly bookmark: RunOptions['bookmark'];
  readonly records: readonly ModelRecord[];
}

function cutsOf({ records, states }: ModelRun, before: readonly ModelRecord[] = []): Cut[] {
  return states.map(({ bookmark, count }) => {
    return { bookmark, records: [...before, ...records.slice(0, count)] };
  });
}

/** Items up to the head whose last record is not what the server holds. */
function lostItems(
  model: ModelCase,
  server: ModelServer,
  records: readonly ModelRecord[],
  head: number,
): string[] {
  const last = new Map(records.map(({ key, version }) => [key, version]));
  return wantedItems(model, server.items(), head)
    .filter(({ key, version }) => last.get(key) !== version)
    .map(({ key, place }) => `${key}@${place}`);
}

function expectComplete(
  { model, server, findings }: { model: ModelCase; server: ModelServer; findings: Findings },
  cut: Cut,
  run: ModelRun,
  head = run.head,
): void {
  if (run.error !== undefined) return;
  const lost = lostItems(model, server, [...cut.records, ...run.records], head);
  if (lost.length === 0) return;
  findings.add(model.seed, `from ${JSON.stringify(cut.bookmark)} lost: ${lost.join(' ')}`);
}

/** Of a run from the beginning: what lies before the time of a STATE has been written before it. */
function expectTrueStates(
  model: ModelCase,
  server: ModelServer,
  findings: Findings,
  run: ModelRun,
): void {
  for (const { bookmark, records } of cutsOf(run)) {
    const { position } = bookmark as { position: { end_time: number } };
    const lost = lostItems(model, server, records, Math.min(run.head, position.end_time - 1));
    if (lost.length > 0)
      findings.add(model.seed, `not before ${JSON.stringify(bookmark)}: ${lost.join(' ')}`);
  }
}

const beginning: Cut = { bookmark: undefined, records: [] };

/** An account at rest: a run brings everything up to the head, and so does one that goes on from any of its STATEs. */
export async function checkAtRest(
  model: ModelCase,
  findings: Findings,
  { readAhead = 1, resumes = true }: { readAhead?: number; resumes?: boolean } = {},
): Promise<ModelRun> {
  const server = createServer(model);
  const run = createRunner(model, findings);
  const first = await run(server, { readAhead });
  expectComplete({ model, server, findings }, beginning, first);
  expectTrueStates(model, server, findings, first);
  for (const cut of resumes ? cutsOf(first) : []) {
    const rest = await run(server, { readAhead, bookmark: cut.bookmark });
    const head = Math.min(first.head, rest.head);
    expectComplete({ model, server, findings }, cut, rest, head);
  }
  return first;
}

/** An account that is edited while two runs read it: the run after any of their STATEs brings the last copy of each chat. */
export async function checkEdited(
  model: ModelCase,
  findings: Findings,
  readAhead = 1,
): Promise<void> {
  const server = createServer(model);
  const run = createRunner(model, findings);
  const dice = createDice(model.seed * 5);
  const first = await run(server, { readAhead });
  expectTrueStates(model, server, findings, first);
  const cuts = [beginning, ...cutsOf(first)];
  const from = dice.one(cuts);
  const startMs = first.endMs + dice.between(0, 600_000);
  const second = await run(server, { readAhead, bookmark: from.bookmark, startMs });
  server.settle();
  const lastMs = second.endMs + 3_600_000;
  for (const cut of [...cuts, ...cutsOf(second, from.records)]) {
    const last = await run(server, { readAhead, bookmark: cut.bookmark, startMs: lastMs });
    expectComplete({ model, server, findings }, cut, last);
  }
}

function upToHead({ records, head }: ModelRun): string {
  const isBelow = ({ place }: ModelRecord): boolean => place <= head;
  return records
    .filter((record) => isBelow(record))
    .map(({ key }) => key)
    .join(' ');
}

function lastState({ states }: ModelRun): string {
  return JSON.stringify(states.at(-1)?.bookmark);
}

/**
 * Reading ahead: what holds of one request after another. At rest also the same records in the same order up to the
 * head, and the same last STATE.
 */
export async function checkReadAhead(model: ModelCase, findings: Findings): Promise<void> {
  // Which request is answered with an empty page depends on their order.
  const steady = { ...model, emptyEvery: undefined };
  if (model.editEveryMs !== undefined) return checkEdited(steady, findings, model.readAhead);
  const { readAhead, seed } = model;
  const ahead = await checkAtRest(steady, findings, { readAhead, resumes: seed % 4 === 0 });
  const cutRun = { readAhead, mostPages: 1 + (seed % 4) };
  await createRunner(steady, findings)(createServer(steady), cutRun);
  const serial = await runModel(steady, createServer(steady));
  findings.figures.aheadRequests += ahead.requests;
  findings.figures.serialRequests += serial.requests;
  const isSame = serial.error === ahead.error;
  // Which requests fail depends on their order, too, and a smaller limit may end either run.
  if (!isSame && model.failingPercent > 0) return;
  if (!isSame) findings.add(model.seed, `serial: ${serial.error}, ahead: ${ahead.error}`);
  if (upToHead(serial) !== upToHead(ahead)) findings.add(model.seed, 'other records');
  if (lastState(serial) !== lastState(ahead))
    findings.add(model.seed, `the last STATE is ${lastState(ahead)}, not ${lastState(serial)}`);
}

/**
 * A server whose every n-th answer is the one before it once more: of several in flight it may be one from far ahead.
 * Nothing is lost in silence.
 */
export async function checkMixedUp(model: ModelCase, findings: Findings): Promise<void> {
  if (!model.isLed) return;
  const mixed = {
    ...model,
    emptyEvery: undefined,
    failingPercent: 0,
    repeatEvery: 3 + (model.seed % 6),
  };
  const server = createServer(mixed);
  const run = await createRunner(mixed, findings)(server, { readAhead: model.readAhead });
  expectComplete({ model: mixed, server, findings }, beginning, run);
}
