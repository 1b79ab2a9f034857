const minBackoffMs = 1_000;
const maxBackoffMs = 60_000;

/**
 * Milliseconds to wait before the next attempt: what the server asked for (0 would make a loop without a pause),
 * else anything between one second and a ceiling that doubles with each attempt, from 1, up to a minute.
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

/** The forms of RFC 9110 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT` and the two older ones. */
const dateForms: readonly RegExp[] = [
  /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
];

/** An HTTP date (`Date`, `Retry-After`) in ms since 1970; `undefined` when there is none or it is malformed. */
export function parseHttpDate(header: string | null): number | undefined {
  const text = header?.trim() ?? '';
  // V8's Date.parse makes a date of nearly anything, hence the forms; asctime's lacks its zone.
  if (!dateForms.some((form) => form.test(text))) return undefined;
  const ms = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * A Retry-After header in ms from now: seconds, or a date measured against `nowMs` (the server's own
 * time where it is known). 0 when the date has passed; `undefined` when there is none or it is malformed.
 * Of several headers, which arrive joined by commas, the first counts; a date has a comma of its own.
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

/** A larger number of seconds is a time since 1970: 10^9 s are 31 years, or the year 2001. */
const maxWaitSeconds = 1e9;

/**
 * When a rate limit is reset, in ms from now: Zendesk's `ratelimit-reset` or `x-rate-limit-reset`, in seconds
 * from now or since 1970. `undefined` when there is neither.
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
