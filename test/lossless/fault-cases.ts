/** What can be wrong with an answer, and what a user may expect of the tap then. */
import type { Fault } from '../../src/sandbox/fault-rules.ts';

export interface FaultCase {
  readonly name: string;
  readonly fault: Fault;
  /** What the log says about it. */
  readonly says: RegExp;
}

export interface PassingCase extends FaultCase {
  /** So long no request may be made at all, where the answer asks for a pause. */
  readonly pauseMs: number;
}

function status(code: number, more: Partial<Extract<Fault, { kind: 'status' }>> = {}): Fault {
  return { kind: 'status', status: code, ...more };
}

/** Trouble that passes: the same request is made again. */
export const passing: readonly PassingCase[] = [
  {
    name: '429 with Retry-After in seconds',
    fault: status(429, { retryAfter: 3 }),
    says: /^INFO waiting 3 s: \S+ answers 429 Too Many Requests \("Too Many Requests"\)$/,
    pauseMs: 3000,
  },
  {
    // The date is cut to a whole second: the pause is longer than three seconds.
    name: '429 with Retry-After as a date',
    fault: status(429, { retryAfter: { inSeconds: 4 } }),
    says: /answers 429 Too Many Requests/,
    pauseMs: 3000,
  },
  {
    name: '503 with Retry-After in seconds',
    fault: status(503, { retryAfter: 3 }),
    says: /answers 503 Service Unavailable/,
    pauseMs: 3000,
  },
  {
    name: '503 with Retry-After as a date',
    fault: status(503, { retryAfter: { inSeconds: 4 } }),
    says: /answers 503 Service Unavailable/,
    pauseMs: 3000,
  },
  {
    name: '429 with a Retry-After that nobody can read',
    fault: status(429, { retryAfter: 'soon' }),
    says: /answers 429/,
    pauseMs: 0,
  },
  { name: '429 without Retry-After', fault: status(429), says: /answers 429/, pauseMs: 0 },
  { name: '408', fault: status(408), says: /answers 408 Request Timeout/, pauseMs: 0 },
  { name: '500', fault: status(500), says: /answers 500 Internal Server Error/, pauseMs: 0 },
  {
    name: '502 with a web page',
    fault: status(502, { body: 'html' }),
    says: /answers 502 Bad Gateway/,
    pauseMs: 0,
  },
  { name: '503 without a body', fault: status(503, { body: 'empty' }), says: /503/, pauseMs: 0 },
  { name: '504', fault: status(504), says: /answers 504 Gateway Timeout/, pauseMs: 0 },
  {
    name: '200 with a web page',
    fault: { kind: 'html' },
    says: /sends HTML instead of JSON/,
    pauseMs: 0,
  },
  {
    name: '200 with broken JSON',
    fault: { kind: 'brokenJson' },
    says: /sends broken JSON instead of JSON/,
    pauseMs: 0,
  },
  {
    name: '200 with an empty body',
    fault: { kind: 'emptyBody' },
    says: /sends an empty body instead of JSON/,
    pauseMs: 0,
  },
  {
    name: 'an error told with status 200',
    fault: { kind: 'wrongShape', body: '{"error":"internal","message":"try later"}' },
    says: /answers 200 OK with an error \("internal: try later"\)/,
    pauseMs: 0,
  },
  {
    name: '403 with Retry-After',
    fault: status(403, { retryAfter: 3 }),
    says: /answers 403 Forbidden/,
    pauseMs: 3000,
  },
  {
    name: 'a reset connection',
    fault: { kind: 'reset' },
    says: /is not answered: the connection breaks off/,
    pauseMs: 0,
  },
  {
    name: 'a reset in the middle of the body',
    fault: { kind: 'resetInBody' },
    says: /breaks off in the middle of the body/,
    pauseMs: 0,
  },
  {
    name: 'a body cut in half',
    fault: { kind: 'cutBody' },
    says: /breaks off in the middle of the body/,
    pauseMs: 0,
  },
  {
    name: 'a gzip body cut in half',
    fault: { kind: 'cutGzip' },
    says: /breaks off in the middle of the gzip body/,
    pauseMs: 0,
  },
  {
    name: 'silence instead of an answer',
    fault: { kind: 'stall', where: 'headers' },
    says: /does not answer within 60 s/,
    pauseMs: 0,
  },
  {
    name: 'silence in the middle of the body',
    fault: { kind: 'stall', where: 'body' },
    says: /falls silent for 60 s in the middle of the body/,
    pauseMs: 0,
  },
];

/** Trouble that stays: asking again would be no use. */
export const lasting: readonly FaultCase[] = [
  { name: '400', fault: status(400), says: /answers 400 Bad Request/ },
  { name: '401', fault: status(401), says: /answers 401 .*The access token is refused/ },
  { name: '403', fault: status(403), says: /answers 403 .*user may not read this/ },
  { name: '404', fault: status(404), says: /answers 404 .*The account has no such thing/ },
  { name: '410', fault: status(410, { body: 'html' }), says: /answers 410 Gone/ },
  { name: '422', fault: status(422), says: /answers 422 .*report it together with this line/ },
  {
    name: 'JSON of another shape',
    fault: { kind: 'wrongShape' },
    says: /the API's answer is .*, but (an object with the list of objects "chats"|a list of objects) was expected/,
  },
  {
    name: 'null instead of an answer',
    fault: { kind: 'wrongShape', body: 'null' },
    says: /the API's answer is .*, but (an object with the list of objects "chats"|a list of objects) was expected/,
  },
  {
    name: 'a list that holds what is no object',
    fault: { kind: 'wrongShape', body: '{"chats":[null,17],"end_time":1}' },
    says: /"chats" is a list that holds null|but a list of objects was expected/,
  },
  {
    name: 'a redirect that leads nowhere',
    fault: status(302, { body: 'empty' }),
    says: /redirects without saying where/,
  },
];
