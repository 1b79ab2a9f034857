import type { Command, CommandContext, SingerArguments } from './arguments.ts';
import { systemClock } from '../core/clock.ts';
import { createLogger, loggingFromEnv, type Logger } from '../core/logger.ts';
import { runProgram, type ProgramOptions } from './program.ts';
import type { Progress } from './progress.ts';

type RunCommand = (run: CommandContext, args: SingerArguments) => Promise<number>;

/** Each command is loaded only when it runs. */
const commands: Readonly<Record<Command, () => Promise<RunCommand>>> = {
  sync: async () => (await import('./commands/sync.ts')).sync,
  discover: async () => (await import('./commands/discover.ts')).discover,
  check: async () => (await import('./commands/dry-run.ts')).check,
  test: async () => (await import('./commands/dry-run.ts')).test,
  'test-schema': async () => (await import('./commands/test-schema.ts')).testSchema,
  about: async () => (await import('./commands/about.ts')).about,
};

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
    hasTimestamps: stderr.isTTY !== true,
  });
  for (const warning of warnings) logger.warning(warning);
  return logger;
}

async function readLogConfig(path: string): Promise<string> {
  const { readTextFile, maxSmallFileBytes } = await import('../core/input-file.ts');
  const label = 'SINGER_SDK_LOG_CONFIG';
  return readTextFile({ path, label, maxBytes: maxSmallFileBytes, mustBeRegular: true });
}

async function dispatch(run: CommandContext): Promise<number | string> {
  if (run.argv[0] === 'login') return (await import('../login/login.ts')).login(run);
  const { parseArguments } = await import('./arguments.ts');
  const parsed = await parseArguments(run.argv);
  if (typeof parsed === 'string') return parsed;
  if (parsed.logLevel !== undefined) run.logger.setLevel(parsed.logLevel);
  const runCommand = await commands[parsed.command]();
  return runCommand(run, parsed);
}
