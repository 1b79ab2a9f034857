/**
 * The command `read`: one sync. Destinations replace their tables after exit code 0, so it is returned only if every
 * configured stream is complete. Failed and unread streams are INCOMPLETE.
 */
import { buildSync, loadConfig } from '../sync/build-sync.ts';
import { describeStreams } from '../sync/discover-streams.ts';
import { readConfigFile, replaceTokens } from '../config/config.ts';
import { TapError } from '../core/errors.ts';
import { maxLargeFileBytes as maxBytes, readJsonFile, readTextFile } from '../core/input-file.ts';
import { print } from '../cli/program.ts';
import { RunReport, runErrors, exitCodeOf, failureSummary } from '../cli/run-report.ts';
import type { StreamDescription } from '../singer/catalog.ts';
import type { StreamResult } from '../sync/sync-options.ts';
import { isHarmlessName, quotedList, maxListed, quotedName } from '../core/quoting.ts';
import { writeMessages } from '../cli/stdout.ts';
import type { AirbyteArguments } from './arguments.ts';
import { parseConfiguredCatalog } from './catalog.ts';
import { controlLine, streamStatusLine } from './messages.ts';
import { runErrorLine, type AirbyteContext } from './context.ts';
import { parseAirbyteState, type AirbyteState } from './state.ts';
import { AirbyteWriter } from './writer.ts';

/**
 * @returns The exit code.
 * @throws TapError (config) for an invalid input file, before the first request.
 */
export async function read(run: AirbyteContext, files: AirbyteArguments): Promise<number> {
  const { logger } = run;
  const givenConfig = await readConfigFile(files.config);
  const loaded = await loadConfig({ files: [], settings: givenConfig }, run);
  const config = { ...loaded, extra_streams: ['all'] };
  const descriptions = describeStreams();
  const configured = await readJsonFile({ path: files.catalog, label: '--catalog', maxBytes });
  const { catalog, names, unknown } = parseConfiguredCatalog(configured, descriptions);
  const state = await readState(files.state, descriptions, logger.info);
  const streams = descriptions.filter(({ name }) => names.includes(name));
  const writer = new AirbyteWriter({ ...run, streams, initialState: state });
  const report = new RunReport({ logger, now: run.clock.now, hasErrorMessages: true });
  const sync = await buildSync({
    ...run,
    config,
    onStreamEnd: report.logStream,
    tokens: {
      // The platform receives the new config before the new token is used.
      onRenewed: (tokens) =>
        print(run.stdout, controlLine(replaceTokens(givenConfig, tokens), run.emittedAt())),
    },
    catalog,
    selectionHint: 'select at least one stream of this source in the connection',
    state: { bookmarks: Object.fromEntries(state.states) },
    // A retry of a failed attempt is not a rate limit.
    onWait: ({ reason, untilMs }) => {
      if (reason !== 'retry') writer.emitRateLimited(untilMs);
    },
  });
  run.signals.catchSignals();
  const unknownErrors = unknownStreamErrors(unknown, descriptions);
  await print(run.stdout, unknownErrors.map((error) => incompleteLines(run, error)).join(''));
  await writeMessages(sync, {
    stdout: run.stdout,
    writer,
    observe: (message) => report.observe(message),
  });
  if (run.signals.signal.aborted)
    logger.warning('stopped by a signal; what was read has its state');
  report.logTotal(sync.results());
  return writeFinalStatuses(run, sync.results(), unknown, unknownErrors);
}

/** Reads the state of every stream. Logs the names of streams that do not exist. */
async function readState(
  path: string | undefined,
  descriptions: readonly StreamDescription[],
  info: (message: string) => void,
): Promise<AirbyteState> {
  const file = { path: path ?? '', label: '--state', maxBytes };
  const text = path === undefined ? '' : await readTextFile(file);
  const names = descriptions.map(({ name }) => name);
  const state = parseAirbyteState(text, names);
  const unknownNames = [...state.states.keys()].filter((name) => !names.includes(name));
  if (unknownNames.length > 0)
    info(`the state contains streams that this source does not have: ${quotedList(unknownNames)}`);
  return state;
}

/** One error for each unknown stream, up to `maxListed`, and one error for the rest. */
function unknownStreamErrors(
  unknown: readonly string[],
  descriptions: readonly StreamDescription[],
): readonly TapError[] {
  const names = descriptions.map(({ name }) => name).join(', ');
  const advice = `this source has no such stream; refresh the connection's schema (the streams are ${names})`;
  const kind = 'config';
  const first = unknown
    .slice(0, maxListed)
    .map((name) =>
      isHarmlessName(name)
        ? new TapError(`${name}: ${advice}`, { kind, stream: name })
        : new TapError(`${quotedName(name)}: ${advice}`, { kind }),
    );
  const more = unknown.length - first.length;
  return more === 0 ? first : [...first, new TapError(`${more} more streams: ${advice}`, { kind })];
}

function incompleteLines(run: AirbyteContext, error: TapError): string {
  const { stream } = error;
  const status =
    stream === undefined ? '' : streamStatusLine(stream, 'INCOMPLETE', run.emittedAt());
  return status + runErrorLine(error, run, stream);
}

/** Writes the statuses of unread streams, then the summary of all failures as the last line. */
async function writeFinalStatuses(
  run: AirbyteContext,
  results: readonly StreamResult[],
  unknown: readonly string[],
  unknownErrors: readonly TapError[],
): Promise<number> {
  const unread = results.filter(({ status }) => status === 'unread');
  const lines = unread.map(({ stream }) => streamStatusLine(stream, 'INCOMPLETE', run.emittedAt()));
  const errors = [...unknownErrors, ...runErrors(results)];
  const [first] = errors;
  if (first !== undefined) {
    const failed = [...unknown, ...runErrors(results).flatMap(({ stream }) => stream ?? [])];
    const text = failureSummary(failed, results.length + unknown.length, first);
    lines.push(runErrorLine(new TapError(text, { kind: first.kind }), run));
  }
  if (lines.length > 0) await print(run.stdout, lines.join(''));
  return errors.length > 0 ? 1 : exitCodeOf(results);
}
