import type { Clock } from '../clock.ts';
import type { HttpFailure } from '../errors.ts';
import type { Json } from '../json.ts';
import { parseBody, readText, tooLarge } from './body.ts';
import {
  bodyFailed,
  networkFailed,
  redirectFailed,
  statusFailed,
  timedOut,
  type Failed,
  type Scene,
} from './failures.ts';
import { readHttpDate, readRetryAfter } from './retry.ts';
import { createWire, type Arrival, type Wire, type WireOptions } from './wire.ts';

/** One request that was made, for counts and metrics. One that the run's signal ended is not told. */
export interface RequestReport {
  /** Without query. */
  readonly path: string;
  readonly status: number | undefined;
  readonly failure: HttpFailure | undefined;
  /** From its start until the body is read and parsed, by our clock. */
  readonly durationMs: number;
  /** Of the body, as they came over the wire. */
  readonly bytes: number;
}

export interface AttemptOptions extends WireOptions {
  /** Headers of every request, the token among them. Asked for before each. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly userAgent: string;
  /** Texts no message may repeat: an API may quote what it was sent. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  readonly onAttempt: (report: RequestReport) => void;
  /** Resolves when a request may start. */
  readonly start: (path: string) => Promise<void>;
}

export interface Answered {
  readonly body: Json;
  readonly serverTimeMs: number | undefined;
  readonly headMs: number;
  readonly receivedMs: number;
}

export type Outcome = { readonly answered: Answered } | { readonly failed: Failed };

/**
 * One attempt, redirects within the origin included. A failure is a value.
 *
 * @throws the signal's reason when the run is stopped; TapError (config) when the proxy cannot be used.
 */
export type Attempt = (path: string, search: URLSearchParams) => Promise<Outcome>;

const mostRedirects = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function createAttempt(options: AttemptOptions): Attempt {
  let wire: Wire | undefined;
  return async (path, search) => {
    wire ??= createWire(options);
    let url = new URL(options.origin);
    // Set, not resolved: a path like `//elsewhere/x` stays a path of this origin.
    url.pathname = path;
    url.search = search.toString();
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      await options.start(path);
      const step = await request(options, wire, url, path);
      if (!('next' in step)) return step;
      url = step.next;
    }
    return { failed: redirectFailed({ path }, `redirects more than ${mostRedirects} times`) };
  };
}

type Step = Outcome | { readonly next: URL };

async function request(options: AttemptOptions, wire: Wire, url: URL, path: string): Promise<Step> {
  const { clock, onAttempt } = options;
  const startMs = clock.now();
  const arrival = await wire.get(url, {
    ...options.headers(),
    accept: 'application/json',
    'accept-encoding': 'gzip',
    'user-agent': options.userAgent,
  });
  const step = await judge(options, arrival, { path, url, peer: wire.peer });
  onAttempt({
    path,
    status: arrival.head?.status,
    failure: 'failed' in step ? step.failed.error.failure : undefined,
    durationMs: Math.max(0, clock.now() - startMs),
    bytes: arrival.bytes,
  });
  return step;
}

interface Asked {
  readonly path: string;
  readonly url: URL;
  readonly peer: string;
}

async function judge(options: AttemptOptions, arrival: Arrival, asked: Asked): Promise<Step> {
  const { head, broken } = arrival;
  const { path, url, peer } = asked;
  const receivedMs = options.clock.now();
  if (head === undefined) {
    if (broken?.isTimeout !== true) return { failed: networkFailed({ path }, peer, broken?.cause) };
    return { failed: timedOut({ path }, options.requestTimeoutMs, broken.cause) };
  }
  const { status } = head;
  const serverTimeMs = readHttpDate(head.headers.get('date'));
  const scene = { path, status, serverTimeMs };
  if (redirectStatuses.has(status)) return follow(scene, url, head.headers.get('location'));
  if (status >= 200 && status < 300) return judgeBody(options, arrival, scene, receivedMs);
  const encoding = head.headers.get('content-encoding');
  const text = await readText(arrival.body ?? Buffer.alloc(0), encoding, options.maxBodyBytes);
  const { secrets } = options;
  const retryAfter = head.headers.get('retry-after');
  const retryAfterMs = readRetryAfter(retryAfter, serverTimeMs ?? receivedMs);
  const said = 'text' in text ? text.text : '';
  return { failed: statusFailed(scene, said, { secrets, retryAfterMs }) };
}

async function judgeBody(
  { requestTimeoutMs, maxBodyBytes }: AttemptOptions,
  { head, body, broken }: Arrival,
  scene: Scene,
  receivedMs: number,
): Promise<Outcome> {
  if (broken?.isTimeout === true) {
    return { failed: timedOut(scene, requestTimeoutMs, broken.cause) };
  }
  if (broken !== undefined) {
    const why = 'breaks off in the middle of the body';
    return { failed: bodyFailed(scene, { failure: 'cut', why, cause: broken.cause }) };
  }
  if (body === undefined) return { failed: bodyFailed(scene, tooLarge(maxBodyBytes)) };
  const encoding = head?.headers.get('content-encoding') ?? null;
  const text = await readText(body, encoding, maxBodyBytes);
  if ('problem' in text) return { failed: bodyFailed(scene, text.problem) };
  const parsed = parseBody(text.text);
  if ('problem' in parsed) return { failed: bodyFailed(scene, parsed.problem) };
  const { serverTimeMs } = scene;
  const headMs = head?.atMs ?? receivedMs;
  return { answered: { body: parsed.json, serverTimeMs, headMs, receivedMs } };
}

/** Within the origin a redirect is followed; the token is sent nowhere else. */
function follow(scene: Scene, url: URL, location: string | null): Step {
  if (location === null || !URL.canParse(location, url.href)) {
    return { failed: redirectFailed(scene, 'redirects without saying where') };
  }
  const next = new URL(location, url);
  if (next.origin === url.origin) return { next };
  // The query of the target may hold anything: only scheme and host are named.
  return { failed: redirectFailed(scene, `redirects to ${next.protocol}//${next.host}`) };
}
