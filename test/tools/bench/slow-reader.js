/**
 * A target that takes so many bytes a second, and counts the lines that hold records.
 *
 *   node test/tools/bench/slow-reader.js BYTES_PER_SECOND < PIPE
 */
import { setTimeout as sleep } from 'node:timers/promises';

const perSecond = Number(process.argv[2]);
const start = Buffer.from('{"type":"RECORD"');
const startMs = performance.now();
let bytes = 0;
let records = 0;
let line = Buffer.alloc(0);

for await (const piece of process.stdin) {
  let from = 0;
  for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
    const head = Buffer.concat(
      [line, piece.subarray(from, end)].map((part) => part.subarray(0, 64)),
    );
    if (head.subarray(0, start.length).equals(start)) records += 1;
    line = Buffer.alloc(0);
    from = end + 1;
  }
  // A line's beginning is all that is looked at.
  line = Buffer.concat([line, piece.subarray(from, from + 64)]).subarray(0, 64);
  bytes += piece.length;
  const aheadMs = (bytes / perSecond) * 1000 - (performance.now() - startMs);
  if (aheadMs > 5) await sleep(aheadMs);
}
process.stdout.write(`${records}\n`);
