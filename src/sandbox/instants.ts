/** Microseconds in one second: the unit in which the sandbox stores every instant. */
export const secondUs = 1_000_000;
export const msUs = 1_000;
export const daySeconds = 86_400;

const pairs = Array.from({ length: 60 }, (_unused, value) => String(value).padStart(2, '0'));

function two(value: number): string {
  return pairs[value] ?? String(value);
}

/** Dates by the number of the day: few, and asked for many times per chat. */
const dates = new Map<number, string>();

function dateText(day: number): string {
  const known = dates.get(day);
  if (known !== undefined) return known;
  const text = new Date(day * daySeconds * 1000).toISOString().slice(0, -'00:00:00.000Z'.length);
  dates.set(day, text);
  return text;
}

/** Without fraction and zone: `2024-01-05T10:00:00`. */
function plainSeconds(seconds: number): string {
  const day = Math.floor(seconds / daySeconds);
  const inDay = seconds - day * daySeconds;
  const minute = Math.floor(inDay / 60);
  const hour = Math.floor(minute / 60);
  return `${dateText(day)}${two(hour)}:${two(minute - hour * 60)}:${two(inDay - minute * 60)}`;
}

/** Whole seconds, as most of the API writes instants: `2024-01-05T10:00:00Z`. */
export function isoSeconds(seconds: number): string {
  return `${plainSeconds(seconds)}Z`;
}

/** Milliseconds followed by three zeros, as chat histories write instants: `….807000Z`. */
export function isoPaddedMs(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${plainSeconds(seconds)}.${String(1000 + ms - seconds * 1000).slice(1)}000Z`;
}

/** Six fraction digits, as agent timelines and agent events write instants. */
export function isoMicros(us: number): string {
  const seconds = Math.floor(us / secondUs);
  const rest = String(us - seconds * secondUs).padStart(6, '0');
  return `${plainSeconds(seconds)}.${rest}Z`;
}

const isoPattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z$/;

/** The microseconds since 1970 that one of the three forms above stands for; undefined for any other text. */
export function parseIso(text: unknown): number | undefined {
  const parts = typeof text === 'string' ? isoPattern.exec(text) : null;
  const ms = Date.parse(`${parts?.[1] ?? ''}Z`);
  if (parts === null || Number.isNaN(ms)) return undefined;
  return ms * msUs + Number((parts[2] ?? '').padEnd(6, '0'));
}
