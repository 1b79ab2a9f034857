/**
 * Replaces a target: rejects lines that are not Singer messages, prints the last state as targets do, and
 * notes the streams it was given, in their order, in the file named by CALLS.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const streams = new Set();
let state;
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.type === 'SCHEMA') streams.add(message.stream);
  else if (message.type === 'STATE') state = message.value;
  else if (message.type !== 'RECORD' || !streams.has(message.stream))
    throw new Error(`no Singer message at its place: ${line.slice(0, 80)}`);
}
if (state !== undefined) process.stdout.write(`${JSON.stringify(state)}\n`);
appendFileSync(process.env.CALLS, `target-jsonl < ${[...streams].join(' ')}\n`);
