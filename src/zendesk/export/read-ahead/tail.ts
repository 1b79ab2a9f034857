import type { ExportResponse } from '../response.ts';
import type { ExportRequest } from '../walk.ts';
import { isSameRequest } from './inventory.ts';

/**
 * The end of a stream. After a short page, the walk checks whether the data ends there: at the position itself, after
 * its last item, and one unit later. These requests are sent early, because the walk needs them if nothing follows.
 */
export class Tail {
  /** The end of the last response, if it was short. */
  #shortEnd: ExportResponse['end'];
  #unsent: readonly ExportRequest[] = [];
  #wasted = 0;

  get next(): ExportRequest | undefined {
    return this.#unsent[0];
  }

  /** @param fullSize Number of items in a full page. */
  recordAnswer(end: NonNullable<ExportResponse['end']>, size: number, fullSize: number): void {
    // Each wrong guess reduces the trust in the sizes.
    this.#shortEnd = size < fullSize / 2 ** this.#wasted ? end : undefined;
  }

  /** The requests that are sent together with the regular one at the end of a short page. */
  start({ time }: ExportRequest, head: number): void {
    const end = this.#shortEnd;
    if (end?.time !== time) return;
    const ties = { kind: 'ties', time, startId: end.endId } as const;
    const beyond = { kind: 'beyond', time: time + 1, startId: null } as const;
    this.#unsent = [...(end.endId === null ? [] : [ties]), ...(beyond.time > head ? [] : [beyond])];
  }

  /** Called when this request was sent, early or by the walk itself. */
  remove(request: ExportRequest): void {
    this.#unsent = this.#unsent.filter((unsent) => !isSameRequest(unsent, request));
  }

  /** Called when the walk continues at another time. @param wasSent Whether requests were sent unnecessarily. */
  drop(wasSent: boolean): void {
    this.#unsent = [];
    if (wasSent) this.#wasted += 1;
  }
}
