import type { Writable } from 'node:stream';

import { systemClock, type Clock } from './clock.ts';
import type { SingerArguments, Task } from './arguments.ts';
import type { AssembleOptions } from './assemble.ts';
import type { Config, ConfigSources } from './config.ts';
import type { Json } from './json.ts';
import type { Lifetime } from './lifetime.ts';
import { createLogger, loggingFromEnv, quiet, type Logger } from './logger.ts';
import { print, writeMessages } from './output.ts';
import type { Progress } from './progress.ts';
import type { Message } from './singer/messages.ts';

/** What the process gives the program. */
export interface CliOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly pid: number;
  readonly lifetime: Lifetime;
  /** Default: the system's. */
  readonly clock?: Clock;
}

interface Run extends CliOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly progress: Progress;
}

/**
 * The Singer program: arguments in, messages or a catalog on stdout, logs on stderr.
 * @returns the exit code; whatever goes wrong has been told by then
 */
export async function runSinger(options: CliOptions): Promise<number> {
  const { createProgress } = await import('./progress.ts');
  const { stderr, env, pid, clock = systemClock } = options;
  const progress = createProgress({
    write: (text) => stderr.write(text),
    columns: () => stderr.columns ?? 80,
    now: clock.now,
    isEnabled: stderr.isTTY === true,
  });
  const settings = await loggingFromEnv(env, readLogConfig);
  const logger = createLogger({
    ...settings,
    write: (line) => {
      progress.clear();
      stderr.write(line);
    },
    now: clock.now,
    name: 'tap-zendesk-chat',
    pid,
    metricLevel: stderr.isTTY === true ? 'debug' : 'info',
  });
  for (const warning of settings.warnings) logger.warning(warning);
  try {
    return await dispatch({ ...options, clock, logger, progress });
  } catch (error) {
    // The last place: everything that was not foreseen becomes one line here.
    progress.clear();
    return tellFatal(error, options, logger);
  }
}

async function readLogConfig(path: string): Promise<string> {
  const { readTextFile, smallFile } = await import('./input-file.ts');
  const what = 'SINGER_SDK_LOG_CONFIG';
  return readTextFile({ path, what, maxBytes: smallFile, isRegular: true });
}

async function tellFatal(error: unknown, options: CliOptions, logger: Logger): Promise<number> {
  // A reader that went away knows why.
  if (options.stdout.destroyed || codeOf(error) === 'EPIPE') return 1;
  const { asFatalError } = await import('./errors.ts');
  const { message } = asFatalError(error);
  for (const line of message.split('\n')) logger.critical(line, { error });
  return 1;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

async function dispatch(run: Run): Promise<number> {
  if (run.argv[0] === 'login') {
    const { login } = await import('./login/login.ts');
    return login(run);
  }
  const { parseArguments } = await import('./arguments.ts');
  const parsed = await parseArguments(run.argv);
  if (typeof parsed === 'string') {
    await print(run.stdout, `${parsed}\n`);
    return 0;
  }
  return tasks[parsed.task](run, parsed);
}

/** Every thing the program can be asked to do. @returns the exit code */
const tasks: Readonly<Record<Task, (run: Run, args: SingerArguments) => Promise<number>>> = {
  sync,
  discover,
  check,
  test,
  'test-schema': testSchema,
  about,
};

function sourcesOf({ config, startDate }: SingerArguments, { env }: Run): ConfigSources {
  const settings = startDate === undefined ? {} : { start_date: startDate };
  return { files: config, settings, env };
}

async function about({ stdout }: Run, { format }: SingerArguments): Promise<number> {
  const { about: describe, aboutText } = await import('./about.ts');
  const { describeProgram } = await import('./describe.ts');
  const program = describeProgram();
  const isJson = format === 'json';
  const text = isJson
    ? `${JSON.stringify(describe(program), null, 2)}\n`
    : aboutText(program, format);
  await print(stdout, text);
  return 0;
}

async function discover(run: Run, args: SingerArguments): Promise<number> {
  const { gatherConfig, readExtraStreams } = await import('./config.ts');
  const { describeStreams } = await import('./describe.ts');
  const { catalogText, discoverCatalog } = await import('./singer/catalog.ts');
  const { selectByPatterns, streamsIn } = await import('./singer/patterns.ts');
  const value = await gatherConfig(sourcesOf(args, run));
  const streams = describeStreams(readExtraStreams(value));
  // Meltano selects by these patterns from what is discovered, and goes on without a stream it does not find.
  const catalog = discoverCatalog(streams, streamsIn(run.env['MELTANO_EXTRACT__SELECT']));
  const isChosen = args.select.length > 0;
  await print(run.stdout, catalogText(isChosen ? selectByPatterns(catalog, args.select) : catalog));
  return 0;
}

/** @throws ConfigError when there is none. */
async function configOf(run: Run, args: SingerArguments): Promise<Config> {
  const { loadConfig } = await import('./assemble.ts');
  const { ConfigError } = await import('./errors.ts');
  if (args.config.length > 0) return loadConfig(sourcesOf(args, run), run);
  throw new ConfigError('no config: pass --config FILE; --help shows what belongs into it');
}

type RunInput = Pick<
  AssembleOptions,
  'config' | 'tokens' | 'catalog' | 'patterns' | 'howToSelect' | 'state'
>;

async function filesOf(run: Run, args: SingerArguments): Promise<RunInput> {
  const { largeFile: maxBytes, readJsonFile } = await import('./input-file.ts');
  const read = async (path: string | undefined, what: string): Promise<Json | undefined> =>
    path === undefined ? undefined : readJsonFile({ path, what, maxBytes });
  return {
    config: await configOf(run, args),
    tokens: { configFiles: args.config },
    catalog: await read(args.catalog, '--catalog'),
    patterns: args.select,
    howToSelect:
      'set "selected": true in the metadata of a stream in the catalog (breadcrumb []), or give --select',
    state: await read(args.state, '--state'),
  };
}

async function sync(run: Run, args: SingerArguments): Promise<number> {
  const { logger, env, lifetime, progress, clock, stdout } = run;
  const { assembleSync } = await import('./assemble.ts');
  const { createRunReport } = await import('./run-report.ts');
  const { createSingerWriter } = await import('./singer/writer.ts');
  const files = await filesOf(run, args);
  const unread = new AbortController();
  const { messages, results } = await assembleSync({
    ...files,
    env,
    logger,
    clock,
    signal: AbortSignal.any([lifetime.signal, unread.signal]),
    onWait: ({ untilMs }) => progress.waitUntil(untilMs),
  });
  const report = createRunReport(logger, clock.now);
  const observe = (message: Message): void => {
    report.observe(message);
    progress.observe(message);
  };
  const abandon = (): void => unread.abort();
  const writer = createSingerWriter();
  lifetime.deferStop();
  await writeMessages({ messages: messages(), observe, writer, stdout, abandon });
  progress.clear();
  if (lifetime.signal.aborted) logger.warning('stopped by a signal; what was read has its state');
  return report.end(results());
}

/** One request for each endpoint, and a table of what they say; whoever asks does not want to wait. */
async function check(run: Run, args: SingerArguments): Promise<number> {
  const { probeOf } = await import('./trial.ts');
  const newest = new Map<string, string>();
  const files = await filesOf(run, { ...args, state: undefined });
  const adapt: AssembleOptions['adapt'] = (definition) => probeOf(definition, newest);
  return trial(run, { ...files, adapt, isCheck: true }, newest);
}

/** One record of each selected stream: read, made to fit, checked, and thrown away. */
async function test(run: Run, args: SingerArguments): Promise<number> {
  const { firstRecordOf } = await import('./trial.ts');
  const files = await filesOf(run, args);
  return trial(run, { ...files, state: undefined, adapt: firstRecordOf });
}

async function trial(
  run: Run,
  input: RunInput & Pick<AssembleOptions, 'adapt' | 'isCheck'>,
  newest?: ReadonlyMap<string, string>,
): Promise<number> {
  const { logger, env, lifetime, clock } = run;
  const { assembleSync } = await import('./assemble.ts');
  const { exitCodeOf, tellFailures } = await import('./run-report.ts');
  const { trialTable, trialVerdict } = await import('./trial.ts');
  const unread = new AbortController();
  const { messages, results: resultsOf } = await assembleSync({
    ...input,
    tokens: { ...input.tokens, isTrial: true },
    env,
    logger: quiet(logger),
    clock,
    signal: AbortSignal.any([lifetime.signal, unread.signal]),
  });
  // Nobody reads what a trial reads, nor the page after it that may be on its way.
  for await (const message of messages()) run.progress.observe(message);
  unread.abort();
  run.progress.clear();
  const results = resultsOf();
  await print(run.stdout, trialTable(results, clock.now(), newest));
  if (exitCodeOf(results) > 0) tellFailures(logger, results);
  else if (results.some(({ status }) => status !== 'complete'))
    logger.warning(trialVerdict(results));
  else if (results.length > 0) logger.info(trialVerdict(results));
  return exitCodeOf(results);
}

/** What a target would be told of the selected streams before their records. */
async function testSchema(run: Run, args: SingerArguments): Promise<number> {
  const { assembleSelection } = await import('./assemble.ts');
  const { schemaLine } = await import('./singer/writer.ts');
  const selected = assembleSelection({ ...(await filesOf(run, args)), logger: run.logger });
  await print(run.stdout, selected.map((stream) => schemaLine(stream)).join(''));
  return 0;
}
