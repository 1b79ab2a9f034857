import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';

export interface Pace {
  /** Most bytes that are taken in a second. */
  readonly bytesPerSecond: number;
  /** After so many bytes the reader stops once ... */
  readonly stopAtBytes?: number;
  /** ... for so long. */
  readonly stopMs?: number;
  /** Told when it goes on. */
  readonly onResume?: () => void;
}

const turnsPerSecond = 20;

/** Reads a pipe to its end like a target that has other things to do. */
export async function readSlowly(pipe: Readable, pace: Pace): Promise<Buffer> {
  const { bytesPerSecond, stopAtBytes = Infinity, stopMs = 0, onResume } = pace;
  const pieces: Buffer[] = [];
  let size = 0;
  let turn = 0;
  let hasStopped = false;
  for await (const piece of pipe) {
    pieces.push(piece as Buffer);
    size += (piece as Buffer).length;
    turn += (piece as Buffer).length;
    if (size > stopAtBytes && !hasStopped) {
      hasStopped = true;
      await delay(stopMs);
      onResume?.();
    }
    if (turn < bytesPerSecond / turnsPerSecond) continue;
    await delay((turn / bytesPerSecond) * 1000);
    turn = 0;
  }
  return Buffer.concat(pieces);
}
