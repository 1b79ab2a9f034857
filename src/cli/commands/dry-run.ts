import { quietLogger } from '../../core/logger.ts';
import { buildSync, type BuildSyncOptions } from '../../sync/build-sync.ts';
import {
  dryRunTable,
  dryRunSummary,
  findingsText,
  firstRecordOnly,
  probeOnly,
  type StreamFindings,
} from '../../sync/dry-run.ts';
import type { StreamResult } from '../../sync/sync-options.ts';
import type { CommandContext, SingerArguments } from '../arguments.ts';
import { print } from '../program.ts';
import { exitCodeOf, logFailures } from '../run-report.ts';
import { readInputFiles } from './input-files.ts';

/** `--check`: sends a few requests to each endpoint and prints a table of the results. */
export async function check(run: CommandContext, args: SingerArguments): Promise<number> {
  const findings = new Map<string, StreamFindings>();
  return dryRun(
    run,
    { ...args, state: undefined },
    {
      transformDefinition: (definition, stream) =>
        probeOnly(definition, (found) => findings.set(stream, found)),
      isCheck: true,
      findings,
    },
  );
}

/** `--test`: reads, converts, validates and discards one record of each selected stream. */
export async function test(run: CommandContext, args: SingerArguments): Promise<number> {
  return dryRun(run, args, { transformDefinition: firstRecordOnly });
}

interface DryRunOptions extends Pick<BuildSyncOptions, 'transformDefinition' | 'isCheck'> {
  readonly findings?: ReadonlyMap<string, StreamFindings>;
}

/** Reads the selected streams without writing records, and prints a table of the results. */
async function dryRun(
  run: CommandContext,
  args: SingerArguments,
  { findings, ...options }: DryRunOptions,
): Promise<number> {
  const { logger, clock, signals } = run;
  signals.catchSignals();
  const input = await readInputFiles(run, args);
  const assembled = await buildSync({
    ...run,
    ...input,
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
  const { requests_per_minute: rate } = input.config;
  const detailOf =
    findings &&
    (({ stream }: StreamResult) => findingsText(findings.get(stream) ?? {}, clock.now(), rate));
  await print(run.stdout, dryRunTable(results, detailOf));
  if (signals.signal.aborted) logger.critical('stopped by a signal: run the command again');
  else if (exitCodeOf(results) > 0) logFailures(logger, results);
  else if (results.some(({ status }) => status !== 'complete'))
    logger.warning(dryRunSummary(results));
  else if (results.length > 0) logger.info(dryRunSummary(results));
  return exitCodeOf(results);
}
