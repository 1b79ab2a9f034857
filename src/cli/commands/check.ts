import type { AssembleOptions } from '../../sync/build-sync.ts';
import { probeOf } from '../../sync/dry-run.ts';
import type { CommandContext, SingerArguments } from '../arguments.ts';
import { dryRun } from './dry-run.ts';

/** `--check`: one request for each endpoint, and a table of what they say. */
export async function check(run: CommandContext, args: SingerArguments): Promise<number> {
  const newest = new Map<string, string>();
  const adapt: AssembleOptions['adapt'] = (definition) => probeOf(definition, newest);
  return dryRun(run, { ...args, state: undefined }, { adapt, isCheck: true }, newest);
}
