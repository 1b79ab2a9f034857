/** Reads a named pipe like a destination: at a given speed, and it may close the pipe. */
import { open } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

import { systemClock, type Clock } from '../../../src/core/clock.ts';
import type { Piece } from './arrivals.ts';

export interface ReaderOptions {
  /** Maximum number of bytes per second. Default: no limit. */
  readonly bytesPerSecond?: number | undefined;
  /** After this number of bytes ... */
  readonly afterBytes?: number | undefined;
  /** ... this is called, once. True: the reader closes the pipe and does not read the rest. */
  readonly atByte?: () => boolean;
  /** Default: the machine's. */
  readonly clock?: Pick<Clock, 'now' | 'sleep'>;
}

const turnsPerSecond = 20;

/** Opens a named pipe. Resolves when a program has opened it for writing. */
export async function openPipe(path: string): Promise<Readable> {
  const fd = await promisify(open)(path, 'r');
  return new Socket({ fd, readable: true, writable: false });
}

/** All data until the pipe ends or the reader closes it. */
export async function readPieces(pipe: Readable, options: ReaderOptions = {}): Promise<Piece[]> {
  const { bytesPerSecond = Infinity, afterBytes = Infinity, atByte, clock = systemClock } = options;
  const pieces: Piece[] = [];
  let size = 0;
  let turn = 0;
  let isReached = false;
  for await (const chunk of pipe) {
    const bytes = chunk as Buffer;
    const before = size;
    size += bytes.length;
    pieces.push({ bytes, atMs: clock.now() });
    if (!isReached && size >= afterBytes) {
      isReached = true;
      if (atByte?.() === true) {
        pieces.push({ bytes: bytes.subarray(0, afterBytes - before), atMs: clock.now() });
        return pieces.toSpliced(-2, 1);
      }
    }
    turn += bytes.length;
    if (turn < bytesPerSecond / turnsPerSecond) continue;
    await clock.sleep((turn / bytesPerSecond) * 1000);
    turn = 0;
  }
  return pieces;
}
