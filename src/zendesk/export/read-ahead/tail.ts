import type { ExportResponse } from '../response.ts';
import type { ExportRequest } from '../walk.ts';
import { isSameRequest } from './inventory.ts';

/**
 * The end of a stream. Behind a short page the walk asks whether the data end there: the position itself, behind its
 * last item, and one unit later. Where nothing follows, these are the requests it sends anyway.
 */
export class Tail {
  /** The end of the last answer, where that was short. */
  #shortEnd: ExportResponse['end'];
  #unsent: readonly ExportRequest[] = [];
  #wasted = 0;

  get next(): ExportRequest | undefined {
    return this.#unsent[0];
  }

  /** @param fullSize items of a full page */
  recordAnswer(end: NonNullable<ExportResponse['end']>, size: number, fullSize: number): void {
    // Sizes that say nothing are trusted less each time.
    this.#shortEnd = size < fullSize / 2 ** this.#wasted ? end : undefined;
  }

  /** The requests are sent together with the regular one at the end of a short page. */
  start({ time }: ExportRequest, head: number): void {
    const end = this.#shortEnd;
    if (end?.time !== time) return;
    const ties = { kind: 'ties', time, startId: end.endId } as const;
    const beyond = { kind: 'beyond', time: time + 1, startId: null } as const;
    this.#unsent = [...(end.endId === null ? [] : [ties]), ...(beyond.time > head ? [] : [beyond])];
  }

  /** This request is sent, or the walk has sent it itself. */
  remove(request: ExportRequest): void {
    this.#unsent = this.#unsent.filter((unsent) => !isSameRequest(unsent, request));
  }

  /** The walk goes on at another place. @param wasSent requests were sent for nothing */
  drop(wasSent: boolean): void {
    this.#unsent = [];
    if (wasSent) this.#wasted += 1;
  }
}
