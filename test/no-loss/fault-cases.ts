/** The possible faults of a response, and the expected reaction of the tap. */
import type { Fault } from '../../src/sandbox/faults/fault-rules.ts';

/** A name, a response, and the expected log text. */
type Row = readonly [name: string, fault: Fault, says: RegExp];

export interface FaultCase {
  readonly name: string;
  readonly fault: Fault;
  readonly says: RegExp;
  /** Of a run that fails because of it; default: 1. */
  readonly exitCode?: number;
}

export interface PassingCase extends FaultCase {
  /** The time without any request, if the response requests a pause. */
  readonly pauseMs: number;
}

function status(code: number, more: Partial<Extract<Fault, { kind: 'status' }>> = {}): Fault {
  return { kind: 'status', status: code, ...more };
}

const inSeconds = { retryAfter: 3 };
/** The date is cut to a whole second: the pause is longer than three seconds. */
const asDate = { retryAfter: { inSeconds: 4 } };

/** A fault with a Retry-After of three seconds. */
const pausing: readonly Row[] = [
  [
    '429 with Retry-After in seconds',
    status(429, inSeconds),
    /^INFO waiting 3 s: \S+ answers 429 Too Many Requests \("Too Many Requests"\)\. Attempt 2 follows; /,
  ],
  ['429 with Retry-After as a date', status(429, asDate), /answers 429 Too Many Requests/],
  ['503 with Retry-After in seconds', status(503, inSeconds), /answers 503 Service Unavailable/],
  ['503 with Retry-After as a date', status(503, asDate), /answers 503 Service Unavailable/],
  ['403 with Retry-After', status(403, inSeconds), /answers 403 Forbidden/],
];

const errorBody = '{"error":"internal","message":"try later"}';

const momentary: readonly Row[] = [
  ['429 with an invalid Retry-After', status(429, { retryAfter: 'soon' }), /s 429/],
  ['429 without Retry-After', status(429), /answers 429/],
  ['408', status(408), /answers 408 Request Timeout/],
  ['500', status(500), /answers 500 Internal Server Error/],
  ['502 with a web page', status(502, { body: 'html' }), /answers 502 Bad Gateway/],
  ['503 without a body', status(503, { body: 'empty' }), /503/],
  ['504', status(504), /answers 504 Gateway Timeout/],
  ['200 with a web page', { kind: 'html' }, /sends HTML instead of JSON/],
  ['200 with broken JSON', { kind: 'brokenJson' }, /sends broken JSON instead of JSON/],
  ['200 with an empty body', { kind: 'emptyBody' }, /sends an empty body instead of JSON/],
  [
    'an error object with status 200',
    { kind: 'wrongShape', body: errorBody },
    /answers 200 OK with an error \("internal: try later"\)/,
  ],
  ['a reset connection', { kind: 'reset' }, /fails: the connection was closed before the response/],
  ['a reset in the middle of the body', { kind: 'resetInBody' }, /ends in the middle of the body/],
  ['a body cut in half', { kind: 'cutBody' }, /ends in the middle of the body/],
  ['a gzip body cut in half', { kind: 'cutGzip' }, /sends an incomplete gzip body/],
  [
    'silence instead of an answer',
    { kind: 'stall', where: 'headers' },
    /does not answer within 60 s/,
  ],
  [
    'silence in the middle of the body',
    { kind: 'stall', where: 'body' },
    /sends nothing for 60 s in the middle of the body/,
  ],
];

/** Trouble that passes: the same request is made again. */
export const passing: readonly PassingCase[] = [
  ...pausing.map(([name, fault, says]) => ({ name, fault, says, pauseMs: 3000 })),
  ...momentary.map(([name, fault, says]) => ({ name, fault, says, pauseMs: 0 })),
];

const otherShape =
  /the API's response is .*, but (an object with the array of objects "chats"|an array of objects) was expected/;

const refusing: readonly (readonly [...Row, exitCode?: 2])[] = [
  ['400', status(400), /answers 400 Bad Request/],
  ['401', status(401), /answers 401 .*The access token is refused/, 2],
  ['403', status(403), /answers 403 .*user may not read this/, 2],
  ['404', status(404), /answers 404 .*The account does not have this resource/],
  ['410', status(410, { body: 'html' }), /answers 410 Gone/],
  ['422', status(422), /answers 422 .*report it together with this line/],
  ['JSON of another shape', { kind: 'wrongShape' }, otherShape],
  ['null instead of an answer', { kind: 'wrongShape', body: 'null' }, otherShape],
  [
    'a list with an item that is not an object',
    { kind: 'wrongShape', body: '{"chats":[null,17],"end_time":1}' },
    /"chats" is an array that contains null|but an array of objects was expected/,
  ],
  [
    'a redirect that leads nowhere',
    status(302, { body: 'empty' }),
    /redirects without a valid target/,
    2,
  ],
];

/** Trouble that stays: asking again would be no use. */
export const lasting: readonly FaultCase[] = refusing.map(
  ([name, fault, says, exitCode = 1]): FaultCase => ({ name, fault, says, exitCode }),
);
