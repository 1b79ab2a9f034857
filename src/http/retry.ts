const minBackoffMs = 1_000;
const maxBackoffMs = 60_000;

/**
 * Milliseconds to wait before the next attempt: the time that the server requested, unless it is 0. Otherwise a random
 * time between one second and a limit that doubles with each attempt, up to a minute.
 */
export function retryDelayMs(
  attempts: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number {
  if (retryAfterMs !== undefined && retryAfterMs > 0) return retryAfterMs;
  const ceilingMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** attempts);
  return Math.round(minBackoffMs + random() * (ceilingMs - minBackoffMs));
}

/** The formats of RFC 9110 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT` and two older ones. */
const dateForms: readonly RegExp[] = [
  /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
];

/** Parses an HTTP date (`Date`, `Retry-After`) to ms since 1970. Returns `undefined` if it is missing or malformed. */
export function parseHttpDate(header: string | null): number | undefined {
  const text = header?.trim() ?? '';
  // V8's Date.parse accepts almost anything, so check the format. The format of asctime has no time zone.
  if (!dateForms.some((form) => form.test(text))) return undefined;
  const ms = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Parses a Retry-After header to ms from now. It contains seconds, or a date that is compared with `nowMs` (the
 * server's time, if known). Returns 0 for a date in the past, and `undefined` if the header is missing or malformed.
 * Several headers are joined by commas; the first one is used. A date contains a comma itself.
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  const first = /^\d/.test(text) ? (text.split(',')[0] ?? '').trim() : text;
  if (isSeconds(first)) return Math.ceil(Number(first) * 1000);
  const untilMs = parseHttpDate(first);
  return untilMs === undefined ? undefined : Math.max(0, untilMs - nowMs);
}

function isSeconds(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}

/** A larger number is a time since 1970, because 10^9 s are 31 years, or the year 2001. */
const maxWaitSeconds = 1e9;

/**
 * The reset of a rate limit in ms from now, from Zendesk's `ratelimit-reset` or `x-rate-limit-reset`, which contain
 * seconds from now or since 1970. Returns `undefined` if both are missing.
 */
export function parseRateLimitReset(
  headers: Pick<Headers, 'get'>,
  nowMs: number,
): number | undefined {
  const found = headers.get('ratelimit-reset') ?? headers.get('x-rate-limit-reset') ?? '';
  const text = (found.split(',')[0] ?? '').trim();
  if (!isSeconds(text)) return undefined;
  const ms = Math.ceil(Number(text) * 1000);
  return ms > maxWaitSeconds * 1000 ? Math.max(0, ms - nowMs) : ms;
}
