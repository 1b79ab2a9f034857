import { fileURLToPath } from 'node:url';

import { linesOf, type Piece } from './arrivals.ts';
import { catalog, type Step } from './fake-script.ts';
import { spawnSource, type SourceInput, type SourceRun } from './source-run.ts';

const program = fileURLToPath(new URL('./fake-source.js', import.meta.url));

/** A secret in its config, with characters that differ in a URL, in JSON and in base64. */
export const secret = 'S3cret/with+odd="signs"&more';

/** The result of a process that runs this script, in simulated time. */
export function runOf(script: readonly Step[]): SourceRun {
  const startedMs = Date.UTC(2026, 0, 5, 12);
  const pieces: Piece[] = [];
  const touched: string[] = [];
  let [atMs, stderr, code] = [startedMs, '', 0];
  for (const step of script) {
    if ('say' in step) {
      const bytes = Buffer.from(`${JSON.stringify(stamped(step.say, atMs))}\n`);
      pieces.push({ bytes, atMs });
    } else if ('write' in step) pieces.push({ bytes: Buffer.from(step.write), atMs });
    else if ('complain' in step) stderr += step.complain;
    else if ('pauseMs' in step) atMs += step.pauseMs;
    else if ('touch' in step) touched.push(step.touch);
    else if ('exit' in step) code = step.exit;
    else throw new Error('A flood needs a process.');
  }
  const stdout = Buffer.concat(pieces.map(({ bytes }) => bytes));
  const end = { code, signal: null, startedMs, endedMs: atMs };
  return { stdout, stderr, lines: linesOf(pieces), touched, ...end };
}

/** Adds a time to messages without one. */
function stamped(message: object, atMs: number): object {
  const copy = structuredClone(message) as Record<'record' | 'trace', { emitted_at?: number }>;
  const timed = copy.record ?? copy.trace;
  if (timed !== undefined) timed.emitted_at ??= atMs;
  return copy;
}

/** Runs the fake source with a script, on the platform. */
export function play(
  script: readonly Step[],
  change: Partial<SourceInput> = {},
): Promise<SourceRun> {
  return spawnSource({
    entrypoint: [process.execPath, program],
    verb: 'read',
    config: { script, access_token: secret },
    catalog,
    ...change,
  });
}
