import { systemClock } from '../core/clock.ts';
import { UsageError } from '../cli/parser.ts';
import { errorCode, TapError } from '../core/errors.ts';
import { createLogger, parseLogLevel } from '../core/logger.ts';
import { print, runProgram, type ProgramOptions } from '../cli/program.ts';
import { parseArguments, type AirbyteArguments, type Command } from './arguments.ts';
import { connectionStatusLine, messageLine, formatLog } from './messages.ts';
import { createEmittedAt, runErrorLine, redactedMessage, type AirbyteContext } from './context.ts';

/**
 * The Airbyte program: runs one command and writes protocol messages to stdout. Only errors in the command line go to
 * stderr, because the platform reports every line on stderr as an error.
 */
export async function runAirbyte(options: ProgramOptions): Promise<number> {
  const { argv, clock = systemClock, env, pid, stderr, stdout } = options;
  const logger = createLogger({
    write: (text) => stdout.write(text),
    format: formatLog,
    level: parseLogLevel(env['LOG_LEVEL'] ?? '') ?? 'info',
    now: clock.now,
    name: 'source-zendesk-chat',
    pid,
  });
  const run: AirbyteContext = { ...options, clock, logger, emittedAt: createEmittedAt(clock) };
  const runCommand = async (): Promise<number | string> => {
    const parsed = await parseArguments(argv);
    if (typeof parsed === 'string') return parsed;
    if (parsed.debug) logger.setLevel('debug');
    return commands[parsed.command](run, parsed);
  };
  const exitCode = await runProgram(options, runCommand, async (fatal, error) => {
    // The reader has closed the pipe.
    if (stdout.destroyed || errorCode(error) === 'EPIPE') return;
    if (fatal instanceof UsageError) stderr.write(`CRITICAL ${logger.redact(fatal.message)}\n`);
    logger.debug('the run failed', { error });
    await print(stdout, runErrorLine(fatal, run));
  });
  // The protocol knows no other: a TRACE message says whether a user must act.
  return exitCode === 0 ? 0 : 1;
}

type RunCommand = (run: AirbyteContext, args: AirbyteArguments) => Promise<number>;

const commands: Readonly<Record<Command, RunCommand>> = {
  spec,
  check,
  discover,
  read: async (run, args) => (await import('./read-command.ts')).read(run, args),
};

async function spec({ stdout }: AirbyteContext): Promise<number> {
  const { readConfigSchema } = await import('../config/config.ts');
  const { airbyteSpec } = await import('./spec.ts');
  await print(stdout, messageLine({ type: 'SPEC', spec: airbyteSpec(readConfigSchema()) }));
  return 0;
}

/** Reports an invalid config or an unreadable account as a FAILED status. Only a bug is thrown. */
async function check(run: AirbyteContext, { config: path }: AirbyteArguments): Promise<number> {
  const { checkAccount, loadConfig } = await import('../sync/build-sync.ts');
  const { needsTokenRenewal } = await import('../sync/dry-run.ts');
  let failure: TapError | undefined;
  try {
    const config = await loadConfig({ files: [path] }, run);
    failure = await checkAccount({ ...run, config, tokens: { isDryRun: true } });
  } catch (error) {
    if (!(error instanceof TapError) || error.kind !== 'config') throw error;
    failure = error;
  }
  if (failure !== undefined && needsTokenRenewal(failure)) {
    // The platform does not sync after a failed check, and only a sync can renew the token and store it.
    run.logger.warning(
      'the access token has expired. The next sync renews it. This check did not test read access',
    );
    failure = undefined;
  }
  await print(run.stdout, connectionStatusLine(failure && redactedMessage(failure, run)));
  return 0;
}

async function discover(run: AirbyteContext, { config: path }: AirbyteArguments): Promise<number> {
  const { loadConfig } = await import('../sync/build-sync.ts');
  const { describeStreams } = await import('../sync/discover-streams.ts');
  const { airbyteCatalog } = await import('./catalog.ts');
  await loadConfig({ files: [path] }, run);
  const catalog = airbyteCatalog(describeStreams());
  await print(run.stdout, messageLine({ type: 'CATALOG', catalog }));
  return 0;
}
