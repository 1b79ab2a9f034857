import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';

import { systemClock, type Clock } from './clock.ts';
import type { Json } from './json.ts';
import type { Lifetime } from './lifetime.ts';
import { createLogger, loggingFromEnv, type Logger } from './logger.ts';
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

interface Arguments {
  readonly config: string | undefined;
  readonly catalog: string | undefined;
  readonly state: string | undefined;
  readonly discover: boolean;
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
  const settings = loggingFromEnv(env, (path) => readFileSync(path, 'utf8'));
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

async function tellFatal(error: unknown, options: CliOptions, logger: Logger): Promise<number> {
  // A reader that went away knows why.
  if (options.stdout.destroyed || codeOf(error) === 'EPIPE') return 1;
  const { asTapError } = await import('./errors.ts');
  const isOutput = error instanceof Error && 'syscall' in error && error.syscall === 'write';
  const what = isOutput ? 'the output cannot be written' : 'this is a bug, please report it';
  const { message } = asTapError(error, what);
  for (const line of message.split('\n')) logger.critical(line, { error });
  return 1;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

async function dispatch(run: Run): Promise<number> {
  const { parseArguments } = await import('./arguments.ts');
  const parsed = await parseArguments(run.argv);
  if (typeof parsed === 'string') {
    await print(run.stdout, `${parsed}\n`);
    return 0;
  }
  return parsed.discover ? discover(run, parsed) : sync(run, parsed);
}

async function discover(run: Run, { config }: Arguments): Promise<number> {
  const { readExtraStreams, readJsonFile } = await import('./config.ts');
  const { describeStreams } = await import('./assemble.ts');
  const { catalogText, discoverCatalog } = await import('./singer/catalog.ts');
  const value = config === undefined ? {} : await readJsonFile(config, '--config');
  const catalog = discoverCatalog(describeStreams(readExtraStreams(value)));
  await print(run.stdout, catalogText(catalog));
  return 0;
}

async function sync(run: Run, files: Arguments): Promise<number> {
  const { logger, env, lifetime, progress, clock } = run;
  const { readJsonFile } = await import('./config.ts');
  const { assembleSync, loadConfig } = await import('./assemble.ts');
  const { ConfigError } = await import('./errors.ts');
  const { createRunReport } = await import('./run-report.ts');
  const { createSingerWriter } = await import('./singer/writer.ts');
  if (files.config === undefined) {
    throw new ConfigError('no config: pass --config FILE; --help shows what belongs into it');
  }
  const config = await loadConfig(files.config, { logger, clock });
  const read = async (path: string | undefined, what: string): Promise<Json | undefined> =>
    path === undefined ? undefined : readJsonFile(path, what);
  const unread = new AbortController();
  const { messages, results } = await assembleSync({
    config,
    catalog: await read(files.catalog, '--catalog'),
    state: await read(files.state, '--state'),
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
  await writeMessages({
    messages: messages(),
    observe,
    writer: createSingerWriter(),
    stdout: run.stdout,
    abandon: () => unread.abort(),
  });
  progress.clear();
  if (lifetime.signal.aborted) logger.warning('stopped by a signal; what was read has its state');
  return report.end(results());
}
