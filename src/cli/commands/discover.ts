import { readConfig, readExtraStreams } from '../../config/config.ts';
import { formatCatalog, discoverCatalog } from '../../singer/catalog.ts';
import { selectByPatterns, streamNamesIn } from '../../singer/selection-patterns.ts';
import { discoverStreams } from '../../sync/discover-streams.ts';
import { configSources, type CommandContext, type SingerArguments } from '../arguments.ts';
import { print } from '../program.ts';

/** `--discover`: prints the catalog. */
export async function discover(run: CommandContext, args: SingerArguments): Promise<number> {
  const value = await readConfig(configSources(args, run.env));
  const streams = discoverStreams(readExtraStreams(value));
  // Meltano applies these patterns to the discovered catalog, and ignores a stream that it does not contain.
  const catalog = discoverCatalog(streams, streamNamesIn(run.env['MELTANO_EXTRACT__SELECT']));
  const chosen = args.select.length > 0 ? selectByPatterns(catalog, args.select) : catalog;
  await print(run.stdout, formatCatalog(chosen));
  return 0;
}
