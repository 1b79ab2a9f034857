/** The output of a pipe, with times of arrival. */

/** Bytes that were read at once. */
export interface Piece {
  readonly bytes: Buffer;
  /** ms since 1970. */
  readonly atMs: number;
}

export interface ArrivedLine {
  /** Counted from 1. */
  readonly number: number;
  /** Without its end. */
  readonly text: string;
  /** When its last byte was read, ms since 1970. */
  readonly atMs: number;
  /** False for the text after the last line end. */
  readonly isWhole: boolean;
}

const lineEnd = 10;

/** The lines of all chunks. Invalid UTF-8 becomes U+FFFD. */
export function linesOf(pieces: readonly Piece[]): readonly ArrivedLine[] {
  const lines: ArrivedLine[] = [];
  let started: Buffer[] = [];
  const finish = (atMs: number, isWhole: boolean): void => {
    const text = Buffer.concat(started).toString('utf8');
    lines.push({ number: lines.length + 1, text, atMs, isWhole });
    started = [];
  };
  for (const { bytes, atMs } of pieces) {
    let from = 0;
    for (let end = bytes.indexOf(lineEnd); end >= 0; end = bytes.indexOf(lineEnd, from)) {
      started.push(bytes.subarray(from, end));
      finish(atMs, true);
      from = end + 1;
    }
    if (from < bytes.length) started.push(bytes.subarray(from));
  }
  if (started.length > 0) finish(pieces.at(-1)?.atMs ?? 0, false);
  return lines;
}
