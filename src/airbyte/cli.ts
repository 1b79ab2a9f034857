import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { CliOptions } from '../cli.ts';
import { asFatalError, TapError } from '../errors.ts';
import { createLogger, levelOf, type Logger } from '../logger.ts';
import { print } from '../output.ts';
import { UsageError } from '../command-line.ts';
import { parseArguments, type AirbyteArguments, type ConfigArguments } from './arguments.ts';
import { catalogLine, connectionStatusLine, logText, specLine } from './messages.ts';
import { configIn, createStamp, runErrorLine, sentence, type Run } from './run.ts';

/**
 * The Airbyte program: a verb in, the protocol's messages on stdout. stderr stays empty but for a command
 * line nobody understands, since the platform takes whatever stands there for an error.
 * @returns the exit code; whatever goes wrong has been told by then
 */
export async function runAirbyte(options: CliOptions): Promise<number> {
  const { clock = systemClock } = options;
  const stamp = createStamp(clock);
  let run: Run = { ...options, clock, stamp, logger: loggerFor(options, clock, false) };
  try {
    const parsed = await parseArguments(options.argv);
    if (typeof parsed === 'string') {
      await print(options.stdout, `${parsed}\n`);
      return 0;
    }
    if (parsed.debug) run = { ...run, logger: loggerFor(options, clock, true) };
    return await dispatch(run, parsed);
  } catch (error) {
    // The last place: everything that was not foreseen becomes one message here.
    return tellFatal(error, run);
  }
}

function loggerFor({ stdout, env, pid }: CliOptions, clock: Clock, debug: boolean): Logger {
  const level = debug ? 'debug' : levelOf(env['LOG_LEVEL'] ?? '');
  return createLogger({
    write: (line) => stdout.write(line),
    format: logText,
    level: level ?? 'info',
    now: clock.now,
    name: 'source-zendesk-chat',
    pid,
    metricLevel: 'debug',
  });
}

async function tellFatal(error: unknown, run: Run): Promise<number> {
  // A reader that went away knows why.
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (run.stdout.destroyed || code === 'EPIPE') return 1;
  if (error instanceof UsageError) run.stderr.write(`${error.usage}\n\n${error.message}\n`);
  const told = asFatalError(error);
  run.logger.debug('the run ends here', { error });
  await print(run.stdout, runErrorLine(told, run));
  return 1;
}

async function dispatch(run: Run, parsed: AirbyteArguments): Promise<number> {
  if (parsed.verb === 'spec') return spec(run);
  if (parsed.verb !== 'read')
    return parsed.verb === 'check' ? check(run, parsed) : discover(run, parsed);
  const { read } = await import('./read.ts');
  return read(run, parsed);
}

async function spec({ stdout }: Run): Promise<number> {
  const { readConfigSchema } = await import('../config.ts');
  const { airbyteSpec } = await import('./spec.ts');
  await print(stdout, specLine(airbyteSpec(readConfigSchema())));
  return 0;
}

/** A config that is wrong and an account that cannot be read are answers; only a bug is an error. */
async function check(run: Run, { config: path }: ConfigArguments): Promise<number> {
  const { assembleCheck, loadConfig } = await import('../assemble.ts');
  const { logger, clock, env, lifetime } = run;
  let failure: TapError | undefined;
  try {
    const config = await loadConfig(configIn(path), run);
    const tokens = { isTrial: true };
    const signal = lifetime.signal;
    const ask = await assembleCheck({ config, env, logger, clock, signal, tokens });
    failure = await ask();
  } catch (error) {
    if (!(error instanceof TapError) || error.kind !== 'config') throw error;
    failure = error;
  }
  const { isUntried } = await import('../check.ts');
  if (failure !== undefined && isUntried(failure)) {
    // A failed check keeps the platform from syncing, and only a sync can renew the token for good.
    logger.warning(
      'the access token has expired: the next sync renews it, a check does not, and reading was not tried',
    );
    failure = undefined;
  }
  const message = failure && sentence(failure, run);
  await print(run.stdout, connectionStatusLine(message));
  return 0;
}

async function discover(run: Run, { config: path }: ConfigArguments): Promise<number> {
  const { loadConfig } = await import('../assemble.ts');
  const { describeStreams } = await import('../describe.ts');
  const { airbyteCatalog } = await import('./catalog.ts');
  await loadConfig(configIn(path), run);
  await print(run.stdout, catalogLine(airbyteCatalog(describeStreams('all'))));
  return 0;
}
