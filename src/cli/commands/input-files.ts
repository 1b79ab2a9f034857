import { ConfigError } from '../../core/errors.ts';
import { maxLargeFileBytes as maxBytes, readJsonFile } from '../../core/input-file.ts';
import { findUnreadVariables } from '../../config/config.ts';
import type { Json } from '../../core/json.ts';
import { loadConfig, type BuildSyncOptions, type SelectionOptions } from '../../sync/build-sync.ts';
import { configSources, type CommandContext, type SingerArguments } from '../arguments.ts';

/** Reads the files of the command line. @throws ConfigError */
export async function readInputFiles(
  run: CommandContext,
  args: SingerArguments,
): Promise<SelectionOptions & Pick<BuildSyncOptions, 'state'>> {
  const sources = configSources(args, run.env);
  if (args.config.length === 0) throw missingConfig(findUnreadVariables(sources));
  return {
    config: await loadConfig(sources, run),
    catalog: await readIfGiven(args.catalog, '--catalog'),
    patterns: args.select,
    selectionHint:
      'set "selected": true in the metadata of a stream in the catalog (breadcrumb []), or give --select',
    state: await readIfGiven(args.state, '--state'),
  };
}

function missingConfig(unread: readonly string[]): ConfigError {
  if (unread.length === 0)
    return new ConfigError('no config: pass --config FILE; --help shows an example');
  const are = unread.length === 1 ? 'is' : 'are';
  return new ConfigError(
    `no config: pass --config=ENV. ${unread.join(', ')} ${are} set, but only --config=ENV reads variables`,
  );
}

async function readIfGiven(path: string | undefined, label: string): Promise<Json | undefined> {
  return path === undefined ? undefined : readJsonFile({ path, label, maxBytes });
}
