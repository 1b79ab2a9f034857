import { isJsonObject } from '../core/json.ts';
import type { ProgramOptions } from './program.ts';
import type { Message, StateMessage } from '../singer/messages.ts';
import type { ReadAheadStats } from '../sync/sync-options.ts';

const redrawMs = 250;
const dayMs = 86_400_000;

interface StreamProgress {
  readonly stream: string;
  readonly startedMs: number;
  readonly records: number;
  /** The time of the bookmark, if it has one. */
  readonly reachedMs?: number;
  /** The end of the current wait for the API. */
  readonly untilMs?: number;
  readonly readAhead?: ReadAheadStats;
}

/** A progress line at the bottom of the terminal. Shows nothing if stderr is not a terminal. */
export class Progress {
  readonly #stderr: ProgramOptions['stderr'];
  readonly #now: () => number;
  #streamProgress: StreamProgress | undefined;
  #lastDrawnMs = -Infinity;
  #isDrawn = false;

  /** @param now Milliseconds since 1970. */
  constructor(stderr: ProgramOptions['stderr'], now: () => number) {
    this.#stderr = stderr;
    this.#now = now;
  }

  /** Updates the progress with a message and redraws the line, but not too often. */
  observe(message: Message): void {
    if (this.#stderr.isTTY !== true) return;
    this.#streamProgress = nextProgress(this.#streamProgress, message, this.#now());
    if (this.#streamProgress === undefined) this.clear();
    else this.#draw(this.#streamProgress);
  }

  /** Immediately shows that the run waits for the API until this time, in ms since 1970. */
  waitUntil(untilMs: number): void {
    if (this.#streamProgress === undefined) return;
    this.#streamProgress = { ...this.#streamProgress, untilMs };
    this.clear();
    this.#draw(this.#streamProgress);
  }

  /** The next drawing of the line shows it. */
  setReadAhead(readAhead: ReadAheadStats): void {
    if (this.#streamProgress === undefined) return;
    this.#streamProgress = { ...this.#streamProgress, readAhead };
  }

  /** Removes the line, before other output and at the end. */
  clear(): void {
    if (this.#isDrawn) this.#stderr.write('\r\u001B[K');
    this.#isDrawn = false;
    // The next message redraws the line.
    this.#lastDrawnMs = -Infinity;
  }

  #draw(streamProgress: StreamProgress): void {
    const nowMs = this.#now();
    if (nowMs - this.#lastDrawnMs < redrawMs) return;
    this.#lastDrawnMs = nowMs;
    this.#isDrawn = true;
    // Leave one column free, because a full line would move the cursor to the next line.
    const width = Math.max(0, (this.#stderr.columns ?? 80) - 1);
    this.#stderr.write(`\r${describe(streamProgress, nowMs).slice(0, width)}\u001B[K`);
  }
}

function nextProgress(
  streamProgress: StreamProgress | undefined,
  message: Message,
  nowMs: number,
): StreamProgress | undefined {
  if (message.type === 'SCHEMA') return streamProgress;
  if (message.type === 'STATE') {
    const reachedMs = bookmarkMs(message);
    return streamProgress && reachedMs !== undefined
      ? { ...streamProgress, reachedMs }
      : streamProgress;
  }
  const fresh: StreamProgress = { stream: message.stream, startedMs: nowMs, records: 0 };
  const known = streamProgress ?? fresh;
  if (message.type === 'RECORDS')
    return { ...known, records: known.records + message.records.length };
  if (message.status === 'started') return fresh;
  return message.status === 'running' ? known : undefined;
}

/** The time of the bookmark that moved: its only string that is a date. */
function bookmarkMs({ value, tapStreamId = '' }: StateMessage): number | undefined {
  const { bookmarks } = value;
  const bookmark = isJsonObject(bookmarks) ? bookmarks[tapStreamId] : undefined;
  if (!isJsonObject(bookmark)) return undefined;
  const instants = Object.values(bookmark).flatMap((leaf) =>
    typeof leaf === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(leaf) ? [Date.parse(leaf)] : [],
  );
  return instants.find((ms) => !Number.isNaN(ms));
}

function describe(progress: StreamProgress, nowMs: number): string {
  const { stream, startedMs, records, reachedMs, untilMs, readAhead } = progress;
  const seconds = (nowMs - startedMs) / 1000;
  const isWaiting = untilMs !== undefined && untilMs > nowMs;
  const rate = seconds >= 1 ? ` (${grouped(records / seconds)}/s)` : '';
  // First, so that a narrow terminal does not truncate it.
  const speed = isWaiting ? `, waiting ${grouped((untilMs - nowMs) / 1000)} s for the API` : rate;
  const position =
    reachedMs === undefined ? '' : `, up to ${minute(reachedMs)}${behind(nowMs - reachedMs)}`;
  const count = `${grouped(records)} ${records === 1 ? 'record' : 'records'}`;
  return `${stream}: ${count}${speed}${position}${aheadText(readAhead)}`;
}

/** `, 4 ahead, 92 of 97 used`: early pages that are on their way or held, and how many of the others were needed. */
function aheadText(stats: ReadAheadStats | undefined): string {
  if (stats === undefined) return '';
  const { ahead, used, wasted, failed, dropped } = stats;
  const ended = used + wasted + failed + dropped;
  return ahead + ended === 0 ? '' : `, ${ahead} ahead, ${used} of ${ended} used`;
}

/** `2024-05-03 10:15` in UTC. */
function minute(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

function behind(ms: number): string {
  const days = Math.floor(ms / dayMs);
  if (days < 1) return '';
  return days === 1 ? ', 1 day behind' : `, ${grouped(days)} days behind`;
}

/** `12345.6` as `12,346`, whatever the machine's locale. */
function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
