import type { Timer } from '../core/clock.ts';
import type { HttpError } from '../core/errors.ts';
import { createHttpError } from './http-errors.ts';
import type { HttpOptions } from './options.ts';

const minuteMs = 60_000;

/** Aborts a request when the run is stopped, when no data arrives for too long, or when it arrives too slowly. */
export class RequestTimeout {
  /** The error, if a limit has aborted the request. */
  failure: HttpError | undefined;
  readonly #options: HttpOptions;
  readonly #controller = new AbortController();
  readonly #idleTimer: Timer;
  #rateTimer: Timer | undefined;
  #bytes = 0;
  readonly #runSignal: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort();

  /** @param runSignal If omitted, the end of the run does not abort the request. */
  constructor(options: HttpOptions, runSignal: AbortSignal | undefined) {
    this.#options = options;
    this.#runSignal = runSignal;
    runSignal?.addEventListener('abort', this.#abort, { once: true });
    const { clock, requestTimeoutMs } = options;
    const seconds = requestTimeoutMs / 1000;
    this.#idleTimer = clock.timer(requestTimeoutMs, () => {
      const noAnswer = `does not answer within ${seconds} s`;
      const noMore = `sends nothing for ${seconds} s in the middle of the body`;
      const why = this.#rateTimer ? noMore : noAnswer;
      this.#timeOut(why, 'Try again later, or raise request_timeout.');
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  onHeaders(): void {
    this.#idleTimer.refresh();
    this.#startRate();
  }

  /** Called for each chunk of the body, with its size in bytes. */
  onBodyChunk(size: number): void {
    this.#idleTimer.refresh();
    this.#bytes += size;
  }

  /** Stops the timers after the request has ended. */
  stop(): void {
    this.#idleTimer.clear();
    this.#rateTimer?.clear();
    this.#runSignal?.removeEventListener('abort', this.#abort);
  }

  #startRate(): void {
    const { clock, requestTimeoutMs, minBytesPerMinute } = this.#options;
    // Not shorter than the maximum wait for one chunk.
    const windowMs = Math.max(minuteMs, requestTimeoutMs);
    const minBytes = Math.ceil((minBytesPerMinute * windowMs) / minuteMs);
    this.#bytes = 0;
    this.#rateTimer = clock.timer(windowMs, () => {
      if (this.#bytes >= minBytes) this.#startRate();
      else {
        const why = `sends less than ${minBytes} bytes in ${windowMs / 1000} s`;
        this.#timeOut(why, 'Try again later, or lower min_bytes_per_minute.');
      }
    });
  }

  #timeOut(why: string, advice: string): void {
    this.failure ??= createHttpError('timeout', why, advice);
    this.#abort();
  }
}
