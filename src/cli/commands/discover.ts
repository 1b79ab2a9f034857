import { readConfig, readExtraStreams } from '../../config/config.ts';
import { catalogText, discoverCatalog } from '../../singer/catalog.ts';
import { selectByPatterns, streamsIn } from '../../singer/patterns.ts';
import { describeStreams } from '../../sync/describe-streams.ts';
import { configSources, type CommandContext, type SingerArguments } from '../arguments.ts';
import { print } from '../program.ts';

/** `--discover`: prints the catalog. */
export async function discover(run: CommandContext, args: SingerArguments): Promise<number> {
  const value = await readConfig(configSources(args, run.env));
  const streams = describeStreams(readExtraStreams(value));
  // Meltano selects by these patterns from what is discovered, and goes on without a stream it does not find.
  const catalog = discoverCatalog(streams, streamsIn(run.env['MELTANO_EXTRACT__SELECT']));
  const isChosen = args.select.length > 0;
  await print(run.stdout, catalogText(isChosen ? selectByPatterns(catalog, args.select) : catalog));
  return 0;
}
