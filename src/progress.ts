import type { Message, StateMessage } from './singer/messages.ts';

/** The terminal the line is drawn on. */
export interface ProgressOptions {
  /** To the terminal. */
  readonly write: (text: string) => void;
  /** The terminal's width now. */
  readonly columns: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** False when stderr is no terminal: then nothing is ever written. */
  readonly isEnabled: boolean;
}

/** One line at the foot of a terminal that tells how far the run is. */
export interface Progress {
  /** Takes notice of a message on its way out, and draws the line anew unless it just did. */
  readonly observe: (message: Message) => void;
  /** The API makes the run wait until then, ms since 1970: says so at once. */
  readonly waitUntil: (untilMs: number) => void;
  /** Takes the line away: before anything else is written there, and at the end. */
  readonly clear: () => void;
}

const redrawMs = 250;
const dayMs = 86_400_000;

/** How far one stream is. */
interface Track {
  readonly stream: string;
  readonly startedMs: number;
  readonly records: number;
  /** The bookmark's own instant, when it has one. */
  readonly reachedMs?: number;
  /** Set while the API makes us wait. */
  readonly untilMs?: number;
}

/** Draws nothing until a stream has started. */
export function createProgress({ write, columns, now, isEnabled }: ProgressOptions): Progress {
  let track: Track | undefined;
  let drawnMs = -Infinity;
  let isDrawn = false;

  const clear = (): void => {
    if (isDrawn) write('\r\u001B[K');
    isDrawn = false;
    // Whatever took its place, the line comes back with the next thing there is to tell.
    drawnMs = -Infinity;
  };
  const draw = (): void => {
    const nowMs = now();
    if (track === undefined || nowMs - drawnMs < redrawMs) return;
    drawnMs = nowMs;
    isDrawn = true;
    // One column is left free: a full line would move the cursor to the next one.
    write(`\r${describe(track, nowMs).slice(0, Math.max(0, columns() - 1))}\u001B[K`);
  };
  const observe = (message: Message): void => {
    if (!isEnabled) return;
    track = next(track, message, now());
    if (track === undefined) clear();
    else draw();
  };
  const waitUntil = (untilMs: number): void => {
    if (!isEnabled || track === undefined) return;
    track = { ...track, untilMs };
    clear();
    draw();
  };
  return Object.freeze({ observe, waitUntil, clear });
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
function bookmarkMs({ value, tapStreamId }: StateMessage): number | undefined {
  const bookmarks = value['bookmarks'];
  const bookmark = tapStreamId !== undefined && isObject(bookmarks) ? bookmarks[tapStreamId] : null;
  if (!isObject(bookmark)) return undefined;
  const instants = Object.values(bookmark).flatMap((leaf) =>
    typeof leaf === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(leaf) ? [Date.parse(leaf)] : [],
  );
  return instants.find((ms) => !Number.isNaN(ms));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
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
