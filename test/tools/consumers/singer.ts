/** Starts the tap as a Singer runner or a person does, and parses its output. */
import { fileURLToPath } from 'node:url';

import { runWell, type Answer, type Ended } from './programs.ts';
import { consumerEnv, runWithFiles, type Files, type Sandbox } from './stage.ts';
import type { Item } from './expected.ts';

export interface Line {
  readonly type: string;
  readonly stream?: string;
  readonly schema?: Record<string, Answer>;
  readonly key_properties?: readonly string[];
  readonly record?: Item;
  readonly value?: Record<string, Answer>;
}

/** The program a target reads. */
export const tapProgram = fileURLToPath(
  new URL('../../../bin/tap-zendesk-chat.js', import.meta.url),
);

/** @param given Files. Default of `config`: the sandbox's own. */
export async function runTap(sandbox: Sandbox, folder: string, given: Files = {}): Promise<Ended> {
  return runWithFiles([tapProgram], { config: sandbox.config, ...given }, { folder, sandbox });
}

export async function discover(sandbox: Sandbox, folder: string): Promise<string> {
  return runWell(tapProgram, ['--discover'], { cwd: folder, env: consumerEnv(folder, sandbox) });
}

export function linesOf(output: string): readonly Line[] {
  const lines = output.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

/** @returns the last state among them */
export function lastState(lines: readonly Line[]): Record<string, Answer> {
  const states = lines.flatMap(({ type, value }) => (type === 'STATE' ? [value ?? {}] : []));
  return states.at(-1) ?? {};
}

/** @returns records by stream, those without any left out */
export function countRecords(lines: readonly Line[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { type, stream = '' } of lines) {
    if (type === 'RECORD') counts[stream] = (counts[stream] ?? 0) + 1;
  }
  return counts;
}
