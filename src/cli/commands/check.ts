import type { BuildSyncOptions } from '../../sync/build-sync.ts';
import { probeOnly } from '../../sync/dry-run.ts';
import type { CommandContext, SingerArguments } from '../arguments.ts';
import { dryRun } from './dry-run.ts';

/** `--check`: one request for each endpoint, and a table of what they say. */
export async function check(run: CommandContext, args: SingerArguments): Promise<number> {
  const newest = new Map<string, string>();
  const transformDefinition: BuildSyncOptions['transformDefinition'] = (definition) =>
    probeOnly(definition, newest);
  return dryRun(run, { ...args, state: undefined }, { transformDefinition, isCheck: true }, newest);
}
