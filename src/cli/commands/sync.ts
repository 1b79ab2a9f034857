import { closedPipeCodes, errorCode, TapError } from '../../core/errors.ts';
import type { Message } from '../../singer/messages.ts';
import { createSingerWriter } from '../../singer/writer.ts';
import { buildSync } from '../../sync/build-sync.ts';
import type { CommandContext, SingerArguments } from '../arguments.ts';
import { RunReport } from '../run-report.ts';
import { writeMessages } from '../stdout.ts';
import { readInputFiles } from './input-files.ts';

/** The default command: reads the selected streams and writes Singer messages. */
export async function sync(run: CommandContext, args: SingerArguments): Promise<number> {
  const { clock, logger, progress, signals, stdout } = run;
  const report = new RunReport({ logger, now: clock.now });
  const assembled = await buildSync({
    ...run,
    ...(await readInputFiles(run, args)),
    tokens: { configFiles: args.config },
    onStreamEnd: report.logStream,
    onWait: ({ untilMs }) => progress.waitUntil(untilMs),
    onReadAhead: (stats) => progress.setReadAhead(stats),
  });
  signals.catchSignals(() => logger.critical(forcedEndText));
  const observe = (message: Message): void => {
    report.observe(message);
    progress.observe(message);
  };
  const output = { stdout, writer: createSingerWriter(), observe };
  await writeMessages(assembled, output).catch(rethrowOutputError);
  progress.clear();
  const exitCode = report.finish(assembled.results());
  if (signals.signal.aborted) logger.critical(stoppedText);
  return exitCode;
}

const stoppedText =
  'stopped by a signal: the last state covers all written records. Run again with it to read the rest';

const forcedEndText =
  'stopped by a signal before the target read everything: run again with the last state that it wrote';

function rethrowOutputError(error: unknown): never {
  if (!closedPipeCodes.has(errorCode(error))) throw error;
  const text =
    'the target closed the pipe before it read everything: find the cause in its log, then run again ' +
    'with the last state that it wrote';
  throw new TapError(text, { kind: 'transient', cause: error });
}
