import { ConfigError } from '../../core/errors.ts';
import { maxLargeFileBytes as maxBytes, readJsonFile } from '../../core/input-file.ts';
import type { Json } from '../../core/json.ts';
import { loadConfig, type BuildSyncOptions, type SelectionOptions } from '../../sync/build-sync.ts';
import { configSources, type CommandContext, type SingerArguments } from '../arguments.ts';

/** What the files of the command line hold. @throws ConfigError */
export async function readInputFiles(
  run: CommandContext,
  args: SingerArguments,
): Promise<SelectionOptions & Pick<BuildSyncOptions, 'state'>> {
  if (args.config.length === 0)
    throw new ConfigError('no config: pass --config FILE; --help shows what belongs into it');
  return {
    config: await loadConfig(configSources(args, run.env), run),
    catalog: await readIfGiven(args.catalog, '--catalog'),
    patterns: args.select,
    selectionHint:
      'set "selected": true in the metadata of a stream in the catalog (breadcrumb []), or give --select',
    state: await readIfGiven(args.state, '--state'),
  };
}

async function readIfGiven(path: string | undefined, label: string): Promise<Json | undefined> {
  return path === undefined ? undefined : readJsonFile({ path, label, maxBytes });
}
