import { Sema } from 'async-sema';

import type { Clock } from '../clock.ts';

/** The span the pace is counted over. */
const windowMs = 60_000;

/** Shorter waits are not worth telling. */
const notableMs = 1_000;

/** A wait that begins now. */
export interface Wait {
  /** The API asked for it (429), a failed attempt is tried again, or the pace is used up. */
  readonly reason: 'rate-limit' | 'retry' | 'pace';
  /** Its end by our clock, ms since 1970. */
  readonly untilMs: number;
  /** Path of the request that waits, without query. */
  readonly path: string;
  /** What led to it, for a log line: `answers 503 Service Unavailable`. */
  readonly why: string;
}

export interface LimiterOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Request starts in any 60 s. */
  readonly requestsPerMinute: number;
  /** Slots: requests in flight at the same time. */
  readonly requestsInFlight: number;
  /** Told at once when a wait of a second or more begins. */
  readonly onWait: (wait: Wait) => void;
}

/** Permission to be in flight (slots) and permission to start (pace), one for all requests of a run. */
export interface Limiter {
  /** Runs `work` once a slot is free. @throws the signal's reason when the run is stopped; what `work` throws. */
  inSlot<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when a request may start, and counts it. @throws the signal's reason when the run is stopped. */
  start(path: string): Promise<void>;
  /** No request starts for `ms` milliseconds from now, whoever asks. */
  holdFor(ms: number): void;
}

export function createLimiter(options: LimiterOptions): Limiter {
  const { clock, signal, requestsPerMinute } = options;
  const slots = new Sema(options.requestsInFlight);
  const pace = createPace(requestsPerMinute);

  const tell = (untilMs: number, path: string): void => {
    const isHeld = pace.heldUntil() === untilMs;
    const reason = isHeld ? 'rate-limit' : 'pace';
    const why = isHeld
      ? 'the API has asked for a pause'
      : `${requestsPerMinute} requests in 60 s are made (requests_per_minute)`;
    options.onWait({ reason, untilMs, path, why });
  };

  return {
    async inSlot(work) {
      await slots.acquire();
      try {
        signal.throwIfAborted();
        return await work();
      } finally {
        slots.release();
      }
    },
    async start(path) {
      let now = clock.now();
      for (let free = pace.freeAt(now); free > now; free = pace.freeAt(now)) {
        if (free - now >= notableMs) tell(free, path);
        await clock.sleep(free - now, signal);
        now = clock.now();
      }
      // Nothing is awaited between the check and the count: two slots cannot take the same place.
      pace.count(now);
    },
    holdFor: (ms) => pace.hold(clock.now(), ms),
  };
}

/** The last starts within the window. A clock set back takes them along: nobody waits longer for it. */
function createPace(most: number) {
  let starts: number[] = [];
  let heldUntil = Number.NEGATIVE_INFINITY;
  let latest = Number.NEGATIVE_INFINITY;

  const follow = (now: number): void => {
    const back = latest - now;
    if (back > 0) {
      starts = starts.map((start) => start - back);
      heldUntil -= back;
    }
    latest = now;
  };

  return {
    /** When the next request may start: `now` or later. */
    freeAt(now: number): number {
      follow(now);
      const full = starts.length < most ? now : (starts[0] ?? now) + windowMs;
      return Math.max(now, full, heldUntil);
    },
    count(now: number): void {
      starts.push(now);
      if (starts.length > most) starts.shift();
    },
    hold(now: number, ms: number): void {
      follow(now);
      heldUntil = Math.max(heldUntil, now + ms);
    },
    heldUntil: () => heldUntil,
  };
}
