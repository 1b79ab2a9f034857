/** Microseconds per second. The sandbox stores all times in microseconds. */
export const secondUs = 1_000_000;
export const daySeconds = 86_400;

/** Whole seconds, the format of most times in the API: `2024-01-05T10:00:00Z`. */
export function isoSeconds(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length)}Z`;
}

/** Milliseconds followed by three zeros, the format in chat histories: `….807000Z`. */
export function isoPaddedMs(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}

/** Six fraction digits, the format in agent timelines and agent events. */
export function isoMicros(us: number): string {
  const fraction = String(us % secondUs).padStart(6, '0');
  return `${isoSeconds(Math.floor(us / secondUs)).slice(0, -1)}.${fraction}Z`;
}

const isoPattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z$/;

/** Parses the three formats above to microseconds since 1970. Returns undefined for any other value. */
export function parseIso(text: unknown): number | undefined {
  const parts = typeof text === 'string' ? isoPattern.exec(text) : null;
  const ms = Date.parse(`${parts?.[1] ?? ''}Z`);
  if (parts === null || Number.isNaN(ms)) return undefined;
  return ms * 1000 + Number((parts[2] ?? '').padEnd(6, '0'));
}
