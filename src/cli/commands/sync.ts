import { createSingerWriter } from '../../singer/writer.ts';
import { buildSync } from '../../sync/build-sync.ts';
import type { CommandContext, SingerArguments } from '../arguments.ts';
import { writeRun } from '../stdout.ts';
import { readInputFiles } from './input-files.ts';

/** Without another command: reads the selected streams and writes Singer messages. */
export async function sync(run: CommandContext, args: SingerArguments): Promise<number> {
  const { progress } = run;
  const assembled = await buildSync({
    ...run,
    ...(await readInputFiles(run, args)),
    tokens: { configFiles: args.config },
    onWait: ({ untilMs }) => progress.waitUntil(untilMs),
  });
  run.signals.catchSignals();
  const observe = progress.observe.bind(progress);
  const report = await writeRun(run, assembled, { writer: createSingerWriter(), observe });
  progress.clear();
  return report.finish(assembled.results());
}
