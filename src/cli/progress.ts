import { isJsonObject } from '../core/json.ts';
import type { ProgramOptions } from './program.ts';
import type { Message, StateMessage } from '../singer/messages.ts';

const redrawMs = 250;
const dayMs = 86_400_000;

interface Track {
  readonly stream: string;
  readonly startedMs: number;
  readonly records: number;
  /** The bookmark's own instant, when it has one. */
  readonly reachedMs?: number;
  /** Set while the API makes us wait. */
  readonly untilMs?: number;
}

/** One line at the foot of a terminal that shows how far the run is; nothing where stderr is no terminal. */
export class Progress {
  readonly #stderr: ProgramOptions['stderr'];
  readonly #now: () => number;
  #track: Track | undefined;
  #drawnMs = -Infinity;
  #isDrawn = false;

  /** @param now milliseconds since 1970 */
  constructor(stderr: ProgramOptions['stderr'], now: () => number) {
    this.#stderr = stderr;
    this.#now = now;
  }

  /** Takes notice of a message on its way out, and draws the line anew unless it just did. */
  observe(message: Message): void {
    if (this.#stderr.isTTY !== true) return;
    this.#track = next(this.#track, message, this.#now());
    if (this.#track === undefined) this.clear();
    else this.#draw(this.#track);
  }

  /** The API makes the run wait until then, ms since 1970: shows it at once. */
  waitUntil(untilMs: number): void {
    if (this.#track === undefined) return;
    this.#track = { ...this.#track, untilMs };
    this.clear();
    this.#draw(this.#track);
  }

  /** Takes the line away: before anything else is written there, and at the end. */
  clear(): void {
    if (this.#isDrawn) this.#stderr.write('\r\u001B[K');
    this.#isDrawn = false;
    // Whatever took its place, the line comes back with the next message.
    this.#drawnMs = -Infinity;
  }

  #draw(track: Track): void {
    const nowMs = this.#now();
    if (nowMs - this.#drawnMs < redrawMs) return;
    this.#drawnMs = nowMs;
    this.#isDrawn = true;
    // One column is left free: a full line would move the cursor to the next one.
    const width = Math.max(0, (this.#stderr.columns ?? 80) - 1);
    this.#stderr.write(`\r${describe(track, nowMs).slice(0, width)}\u001B[K`);
  }
}

function next(track: Track | undefined, message: Message, nowMs: number): Track | undefined {
  if (message.type === 'SCHEMA') return track;
  if (message.type === 'STATE') {
    const reachedMs = bookmarkMs(message);
    return track && reachedMs !== undefined ? { ...track, reachedMs } : track;
  }
  const fresh: Track = { stream: message.stream, startedMs: nowMs, records: 0 };
  const known = track ?? fresh;
  if (message.type === 'RECORDS')
    return { ...known, records: known.records + message.records.length };
  if (message.status === 'started') return fresh;
  return message.status === 'running' ? known : undefined;
}

/** The instant of the bookmark that moved: its only text with a date in it. */
function bookmarkMs({ value, tapStreamId = '' }: StateMessage): number | undefined {
  const { bookmarks } = value;
  const bookmark = isJsonObject(bookmarks) ? bookmarks[tapStreamId] : undefined;
  if (!isJsonObject(bookmark)) return undefined;
  const instants = Object.values(bookmark).flatMap((leaf) =>
    typeof leaf === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(leaf) ? [Date.parse(leaf)] : [],
  );
  return instants.find((ms) => !Number.isNaN(ms));
}

function describe(
  { stream, startedMs, records, reachedMs, untilMs }: Track,
  nowMs: number,
): string {
  const seconds = (nowMs - startedMs) / 1000;
  const isWaiting = untilMs !== undefined && untilMs > nowMs;
  const rate = seconds >= 1 ? ` (${grouped(records / seconds)}/s)` : '';
  // Before the rest, so that a narrow terminal does not cut it off.
  const speed = isWaiting ? `, waiting ${grouped((untilMs - nowMs) / 1000)} s for the API` : rate;
  const far =
    reachedMs === undefined ? '' : `, up to ${minute(reachedMs)}${behind(nowMs - reachedMs)}`;
  return `${stream}: ${grouped(records)} ${records === 1 ? 'record' : 'records'}${speed}${far}`;
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
