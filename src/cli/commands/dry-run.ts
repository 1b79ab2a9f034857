import { quietLogger } from '../../core/logger.ts';
import { buildSync, type BuildSyncOptions } from '../../sync/build-sync.ts';
import { dryRunTable, dryRunSummary, firstRecordOnly, probeOnly } from '../../sync/dry-run.ts';
import type { CommandContext, SingerArguments } from '../arguments.ts';
import { print } from '../program.ts';
import { exitCodeOf, logFailures } from '../run-report.ts';
import { readInputFiles } from './input-files.ts';

/** `--check`: sends one request to each endpoint and prints a table of the results. */
export async function check(run: CommandContext, args: SingerArguments): Promise<number> {
  const newest = new Map<string, string>();
  const transformDefinition: BuildSyncOptions['transformDefinition'] = (definition) =>
    probeOnly(definition, newest);
  return dryRun(run, { ...args, state: undefined }, { transformDefinition, isCheck: true }, newest);
}

/** `--test`: reads, converts, validates and discards one record of each selected stream. */
export async function test(run: CommandContext, args: SingerArguments): Promise<number> {
  return dryRun(run, args, { transformDefinition: firstRecordOnly });
}

/** Reads the selected streams without writing records, and prints a table of the results. */
async function dryRun(
  run: CommandContext,
  args: SingerArguments,
  options: Pick<BuildSyncOptions, 'transformDefinition' | 'isCheck'>,
  newest?: ReadonlyMap<string, string>,
): Promise<number> {
  const { logger, clock } = run;
  const assembled = await buildSync({
    ...run,
    ...(await readInputFiles(run, args)),
    ...options,
    state: undefined,
    tokens: { configFiles: args.config, isDryRun: true },
    logger: quietLogger(logger),
  });
  for await (const message of assembled.messages()) run.progress.observe(message);
  // Cancel the request for the next page, which may be in flight.
  assembled.abort();
  run.progress.clear();
  const results = assembled.results();
  await print(run.stdout, dryRunTable(results, clock.now(), newest));
  if (exitCodeOf(results) > 0) logFailures(logger, results);
  else if (results.some(({ status }) => status !== 'complete'))
    logger.warning(dryRunSummary(results));
  else if (results.length > 0) logger.info(dryRunSummary(results));
  return exitCodeOf(results);
}
