import type { SingerArguments, Task } from './arguments.ts';
import type { AssembleOptions, Selection } from '../sync/build-sync.ts';
import { systemClock } from '../core/clock.ts';
import type { ConfigSources } from '../config/config.ts';
import type { Json } from '../core/json.ts';
import { createLogger, loggingFromEnv, quietLogger, type Logger } from '../core/logger.ts';
import { print, runProgram, type ProgramOptions, type RunContext } from './program.ts';
import type { Progress } from './progress.ts';

interface SingerRun extends RunContext {
  readonly progress: Progress;
}

/** @returns the exit code; what went wrong has been logged by then */
export async function runSinger(options: ProgramOptions): Promise<number> {
  const { Progress } = await import('./progress.ts');
  const { stderr, clock = systemClock } = options;
  const progress = new Progress(stderr, clock.now);
  const logger = await loggerFor(options, progress);
  const run = { ...options, clock, logger, progress };
  return runProgram(
    options,
    () => dispatch(run),
    ({ message }, error) => {
      progress.clear();
      for (const line of message.split('\n')) logger.critical(line, { error });
    },
  );
}

async function loggerFor(
  { env, pid, stderr, clock = systemClock }: ProgramOptions,
  progress: Progress,
): Promise<Logger> {
  const { level, format, warnings } = await loggingFromEnv(env, readLogConfig);
  const logger = createLogger({
    level,
    format,
    write: (line) => {
      progress.clear();
      stderr.write(line);
    },
    now: clock.now,
    name: 'tap-zendesk-chat',
    pid,
    metricLevel: stderr.isTTY === true ? 'debug' : 'info',
  });
  for (const warning of warnings) logger.warning(warning);
  return logger;
}

async function readLogConfig(path: string): Promise<string> {
  const { readTextFile, maxSmallFileBytes } = await import('../core/input-file.ts');
  const what = 'SINGER_SDK_LOG_CONFIG';
  return readTextFile({ path, what, maxBytes: maxSmallFileBytes, isRegular: true });
}

async function dispatch(run: SingerRun): Promise<number | string> {
  if (run.argv[0] === 'login') {
    const { login } = await import('../login/login.ts');
    return login(run);
  }
  const { parseArguments } = await import('./arguments.ts');
  const parsed = await parseArguments(run.argv);
  return typeof parsed === 'string' ? parsed : tasks[parsed.task](run, parsed);
}

const tasks: Readonly<Record<Task, (run: SingerRun, args: SingerArguments) => Promise<number>>> = {
  sync,
  discover,
  check,
  test,
  'test-schema': testSchema,
  about,
};

function sourcesOf({ config, startDate }: SingerArguments, { env }: RunContext): ConfigSources {
  return { files: config, settings: { start_date: startDate ?? null }, env };
}

async function about({ stdout }: RunContext, { format }: SingerArguments): Promise<number> {
  const { about: describe, aboutText } = await import('./program-description.ts');
  const { describeProgram } = await import('../sync/describe-streams.ts');
  const program = describeProgram();
  const isJson = format === 'json';
  const text = isJson
    ? `${JSON.stringify(describe(program), null, 2)}\n`
    : aboutText(program, format);
  await print(stdout, text);
  return 0;
}

async function discover(run: RunContext, args: SingerArguments): Promise<number> {
  const { readConfig, readExtraStreams } = await import('../config/config.ts');
  const { describeStreams } = await import('../sync/describe-streams.ts');
  const { catalogText, discoverCatalog } = await import('../singer/catalog.ts');
  const { selectByPatterns, streamsIn } = await import('../singer/patterns.ts');
  const value = await readConfig(sourcesOf(args, run));
  const streams = describeStreams(readExtraStreams(value));
  // Meltano selects by these patterns from what is discovered, and goes on without a stream it does not find.
  const catalog = discoverCatalog(streams, streamsIn(run.env['MELTANO_EXTRACT__SELECT']));
  const isChosen = args.select.length > 0;
  await print(run.stdout, catalogText(isChosen ? selectByPatterns(catalog, args.select) : catalog));
  return 0;
}

/** What the files of the command line hold. @throws ConfigError */
async function filesOf(
  run: RunContext,
  args: SingerArguments,
): Promise<Selection & Pick<AssembleOptions, 'state'>> {
  const { loadConfig } = await import('../sync/build-sync.ts');
  const { ConfigError } = await import('../core/errors.ts');
  const { maxLargeFileBytes: maxBytes, readJsonFile } = await import('../core/input-file.ts');
  if (args.config.length === 0)
    throw new ConfigError('no config: pass --config FILE; --help shows what belongs into it');
  const read = async (path: string | undefined, what: string): Promise<Json | undefined> =>
    path === undefined ? undefined : readJsonFile({ path, what, maxBytes });
  return {
    config: await loadConfig(sourcesOf(args, run), run),
    catalog: await read(args.catalog, '--catalog'),
    patterns: args.select,
    howToSelect:
      'set "selected": true in the metadata of a stream in the catalog (breadcrumb []), or give --select',
    state: await read(args.state, '--state'),
  };
}

async function sync(run: SingerRun, args: SingerArguments): Promise<number> {
  const { progress } = run;
  const { assembleSync } = await import('../sync/build-sync.ts');
  const { createSingerWriter } = await import('../singer/writer.ts');
  const { writeRun } = await import('./stdout.ts');
  const assembled = await assembleSync({
    ...run,
    ...(await filesOf(run, args)),
    tokens: { configFiles: args.config },
    onWait: ({ untilMs }) => progress.waitUntil(untilMs),
  });
  run.signals.catchSignals();
  const observe = progress.observe.bind(progress);
  const report = await writeRun(run, assembled, { writer: createSingerWriter(), observe });
  progress.clear();
  return report.end(assembled.results());
}

/** One request for each endpoint, and a table of what they say. */
async function check(run: SingerRun, args: SingerArguments): Promise<number> {
  const { probeOf } = await import('../sync/dry-run.ts');
  const newest = new Map<string, string>();
  const adapt: AssembleOptions['adapt'] = (definition) => probeOf(definition, newest);
  return trial(run, { ...args, state: undefined }, { adapt, isCheck: true }, newest);
}

/** One record of each selected stream: read, made to fit, checked, and thrown away. */
async function test(run: SingerRun, args: SingerArguments): Promise<number> {
  const { firstRecordOf } = await import('../sync/dry-run.ts');
  return trial(run, args, { adapt: firstRecordOf });
}

async function trial(
  run: SingerRun,
  args: SingerArguments,
  how: Pick<AssembleOptions, 'adapt' | 'isCheck'>,
  newest?: ReadonlyMap<string, string>,
): Promise<number> {
  const { logger, clock } = run;
  const { assembleSync } = await import('../sync/build-sync.ts');
  const { exitCodeOf, logFailures } = await import('./run-report.ts');
  const { trialTable, trialVerdict } = await import('../sync/dry-run.ts');
  const assembled = await assembleSync({
    ...run,
    ...(await filesOf(run, args)),
    ...how,
    state: undefined,
    tokens: { configFiles: args.config, isTrial: true },
    logger: quietLogger(logger),
  });
  for await (const message of assembled.messages()) run.progress.observe(message);
  // The page after the last one read may be on its way.
  assembled.abandon();
  run.progress.clear();
  const results = assembled.results();
  await print(run.stdout, trialTable(results, clock.now(), newest));
  if (exitCodeOf(results) > 0) logFailures(logger, results);
  else if (results.some(({ status }) => status !== 'complete'))
    logger.warning(trialVerdict(results));
  else if (results.length > 0) logger.info(trialVerdict(results));
  return exitCodeOf(results);
}

async function testSchema(run: RunContext, args: SingerArguments): Promise<number> {
  const { assembleSelection } = await import('../sync/build-sync.ts');
  const { schemaLine } = await import('../singer/writer.ts');
  const selected = assembleSelection(await filesOf(run, args), run);
  await print(run.stdout, selected.map((stream) => schemaLine(stream)).join(''));
  return 0;
}
