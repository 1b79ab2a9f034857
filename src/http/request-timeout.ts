import type { Timer } from '../core/clock.ts';
import type { HttpError } from '../core/errors.ts';
import { failed } from './http-errors.ts';
import type { HttpOptions } from './options.ts';

const minuteMs = 60_000;

/** Ends a request: at the end of the run, after a time without a byte, or without enough of them. */
export class TimeLimit {
  /** Why the request has ended, if a limit has ended it. */
  failure: HttpError | undefined;
  readonly #options: HttpOptions;
  readonly #controller = new AbortController();
  readonly #silence: Timer;
  #rate: Timer | undefined;
  #bytes = 0;
  readonly #run: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort();

  /** @param run a request without it is not ended by the end of the run */
  constructor(options: HttpOptions, run: AbortSignal | undefined) {
    this.#options = options;
    this.#run = run;
    run?.addEventListener('abort', this.#abort, { once: true });
    const { clock, requestTimeoutMs } = options;
    const seconds = requestTimeoutMs / 1000;
    this.#silence = clock.timer(requestTimeoutMs, () => {
      const noAnswer = `does not answer within ${seconds} s`;
      const noMore = `falls silent for ${seconds} s in the middle of the body`;
      this.#fail(this.#rate ? noMore : noAnswer, 'Try again later, or raise request_timeout.');
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  startBody(): void {
    this.#silence.refresh();
    this.#startRate();
  }

  /** Called for each piece of the body with its size in bytes. */
  count(size: number): void {
    this.#silence.refresh();
    this.#bytes += size;
  }

  /** The request has ended. */
  stop(): void {
    this.#silence.clear();
    this.#rate?.clear();
    this.#run?.removeEventListener('abort', this.#abort);
  }

  #startRate(): void {
    const { clock, requestTimeoutMs, minBytesPerMinute } = this.#options;
    // No shorter than the wait for one piece.
    const spanMs = Math.max(minuteMs, requestTimeoutMs);
    const minBytes = Math.ceil((minBytesPerMinute * spanMs) / minuteMs);
    this.#bytes = 0;
    this.#rate = clock.timer(spanMs, () => {
      if (this.#bytes >= minBytes) this.#startRate();
      else {
        const why = `sends less than ${minBytes} bytes in ${spanMs / 1000} s`;
        this.#fail(why, 'Try again later, or lower min_bytes_per_minute.');
      }
    });
  }

  #fail(why: string, advice: string): void {
    this.failure ??= failed('timeout', why, advice);
    this.#abort();
  }
}
