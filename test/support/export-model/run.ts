/** Runs of the real export over a made-up account, and what they must have brought. */
import { TapError } from '../../../src/core/errors.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { ReadAheadStats } from '../../../src/zendesk/stream-definition.ts';
import { streams } from '../../../src/zendesk/streams.ts';
import { createDice } from '../../no-loss/dice.ts';
import { usualSettings } from '../scripted-api.ts';
import { beginMs, statedMicros, type ModelCase, type ModelItem } from './case.ts';
import type { EarlyRequest, ModelApi } from './api.ts';
import type { ModelServer } from './server.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';

export interface ModelRecord {
  readonly key: string;
  readonly version: number;
  readonly place: number;
}

interface ModelState {
  readonly bookmark: JsonObject;
  /** Records that were written before it. */
  readonly count: number;
}

export interface ModelRun {
  readonly records: readonly ModelRecord[];
  readonly states: readonly ModelState[];
  /** Why the run gave up. */
  readonly error: string | undefined;
  readonly requests: number;
  readonly early: readonly EarlyRequest[];
  /** What the tap said last about reading ahead. */
  readonly stats: ReadAheadStats | undefined;
  readonly smallestLimit: number;
  /** In the stream's unit: up to here a run must have everything. */
  readonly head: number;
  readonly endMs: number;
}

export interface RunOptions {
  readonly bookmark?: JsonObject | undefined;
  readonly startMs?: number;
  readonly readAhead?: number;
  /** The reader closes the pipe after this number of pages. */
  readonly mostPages?: number;
}

function unitsOf(ms: number, { unitMicros }: ModelCase): number {
  return Math.floor((ms * 1000) / unitMicros);
}

function recordOf(item: JsonObject): ModelRecord {
  const { key, version, place } = item as unknown as ModelRecord;
  return { key, version, place };
}

interface Output {
  readonly records: ModelRecord[];
  readonly states: ModelState[];
  stats: ReadAheadStats | undefined;
}

async function readInto(
  output: Output,
  { model, api, time }: { model: ModelCase; api: ModelApi; time: VirtualTime },
  { bookmark, readAhead = 1, mostPages = Infinity }: RunOptions,
): Promise<void> {
  const stream = streams.find(({ name }) => name === model.stream);
  if (stream === undefined) throw new Error(`There is no stream ${model.stream}.`);
  const { endDateMs } = model;
  const open = stream.pages({
    api,
    bookmark,
    now: time.now,
    elapsed: time.elapsed,
    timer: time.timer,
    info: () => undefined,
    warn: () => undefined,
    onReadAhead: (stats) => {
      output.stats = stats;
    },
    settings: {
      ...usualSettings,
      chats_page_limit: model.limit,
      startDateMs: model.startDateMs,
      hasStartDate: true,
      read_ahead: readAhead,
      ...(endDateMs !== undefined && { endDateMs }),
    },
  });
  const dice = createDice(model.seed);
  const { records, states } = output;
  let pages = 0;
  for await (const { items, checkpoint } of open()) {
    records.push(...items.map((item) => recordOf(item)));
    if (checkpoint !== undefined) states.push({ bookmark: checkpoint, count: records.length });
    if (model.readerMs > 0) await time.sleep(dice.between(0, model.readerMs));
    pages += 1;
    if (pages >= mostPages) break;
  }
}

/** @throws Error for a failure that is none of the tap's own: a loop, or a defect. */
export async function runModel(
  model: ModelCase,
  server: ModelServer,
  options: RunOptions = {},
): Promise<ModelRun> {
  const time = createVirtualTime(options.startMs ?? beginMs);
  const api = server.api(time, createDice(model.seed * 17));
  const output: Output = { records: [], states: [], stats: undefined };
  let error: string | undefined;
  try {
    await time.run(readInto(output, { model, api, time }, options));
  } catch (failure) {
    if (!(failure instanceof TapError)) throw failure;
    error = failure.message;
  }
  const headMs = Math.min(api.firstResponseMs() - 310_000, model.endDateMs ?? Infinity);
  const head = unitsOf(headMs, model);
  return {
    ...output,
    error,
    requests: api.asked.length,
    early: api.askedEarly,
    smallestLimit: Math.min(...api.asked.map((query) => Number(query['limit']))),
    head,
    endMs: time.now(),
  };
}

/** Decided by the item's own time. An item with an unreadable time is wanted. */
function isBeforeEndDate(item: ModelItem, model: ModelCase): boolean {
  const micros = statedMicros(item, model);
  return micros === undefined || micros <= (model.endDateMs ?? Infinity) * 1000;
}

/** What a run that ends well must have brought. */
export function wantedItems(
  model: ModelCase,
  items: readonly ModelItem[],
  head: number,
): readonly ModelItem[] {
  const start = unitsOf(model.startDateMs, model);
  return items.filter(
    (item) => item.place >= start && item.place <= head && isBeforeEndDate(item, model),
  );
}
