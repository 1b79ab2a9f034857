/**
 * One sync. Exit 0 makes a destination replace its tables, so it is claimed only if every configured stream
 * is complete; a stream that failed or was never reached is INCOMPLETE.
 */
import { assembleSync, loadConfig } from '../assemble.ts';
import { readJsonFile, readTextFile } from '../config.ts';
import { describeStreams } from '../describe.ts';
import { TapError } from '../errors.ts';
import { print, writeMessages } from '../output.ts';
import { createRunReport, errorsOf, exitCodeOf, summaryOf } from '../run-report.ts';
import type { StreamDescription } from '../singer/catalog.ts';
import type { StreamResult, Sync } from '../sync.ts';
import type { ReadArguments } from './arguments.ts';
import { hasBookmark, parseConfiguredCatalog } from './catalog.ts';
import { statusLine } from './messages.ts';
import { configIn, runErrorLine, type Run } from './run.ts';
import { parseAirbyteState, singerState, type AirbyteState } from './state.ts';
import { createAirbyteWriter, type AirbyteWriter } from './writer.ts';

/**
 * @returns the exit code
 * @throws TapError (config) for a file that cannot be used; no request was made.
 */
export async function read(run: Run, files: ReadArguments): Promise<number> {
  const { clock, logger, env, lifetime } = run;
  const config = {
    ...(await loadConfig(configIn(files.config), run)),
    extraStreams: 'all',
  } as const;
  const descriptions = describeStreams('all');
  const given = await readJsonFile(files.catalog, '--catalog');
  const { catalog, names, unknown } = parseConfiguredCatalog(given, descriptions);
  const state = await readState(files.state, descriptions, logger.info);
  const chosen = descriptions.filter(({ name }) => names.includes(name));
  const writer = writerFor(run, chosen, state);
  const unread = new AbortController();
  const sync = await assembleSync({
    config,
    catalog,
    env,
    logger,
    clock,
    state: singerState(state.states),
    signal: AbortSignal.any([lifetime.signal, unread.signal]),
    // A failed attempt that is made again is no limit of the API's.
    onWait: ({ reason, untilMs }) => {
      if (reason !== 'retry') writer.throttled(untilMs);
    },
  });
  const strangers = unknown.map((name) => missing(name, descriptions));
  for (const error of strangers) await print(run.stdout, incomplete(run, error));
  await write(run, sync, { writer, abandon: () => unread.abort() });
  return conclude(run, sync.results(), strangers);
}

/** The state of every stream; those of streams that do not exist are mentioned. */
async function readState(
  path: string | undefined,
  descriptions: readonly StreamDescription[],
  info: (message: string) => void,
): Promise<AirbyteState> {
  const text = path === undefined ? '' : await readTextFile(path, '--state');
  const names = descriptions.map(({ name }) => name);
  const state = parseAirbyteState(text, names);
  const strange = [...state.states.keys()].filter((name) => !names.includes(name));
  if (strange.length > 0)
    info(`the state holds streams this source does not have: ${strange.join(', ')}`);
  return state;
}

function writerFor(
  { clock, logger, stamp, stdout }: Run,
  chosen: readonly StreamDescription[],
  { states, isLegacy }: AirbyteState,
): AirbyteWriter {
  const streams = chosen.map((description) => {
    const { name, keyProperties } = description;
    const received = states.get(name) ?? {};
    return [name, { received, keyProperties, hasBookmark: hasBookmark(description) }] as const;
  });
  const carried = isLegacy ? streams.filter(([name]) => states.has(name)) : [];
  return createAirbyteWriter({
    clock,
    stamp,
    streams: new Map(streams),
    carried: carried.map(([name]) => name),
    redact: logger.redact,
    warn: (message) => logger.warning(message),
    isBlocked: () => stdout.writableLength > 0,
  });
}

async function write(
  { logger, clock, stdout, lifetime }: Run,
  { messages, results }: Sync,
  { writer, abandon }: { readonly writer: AirbyteWriter; readonly abandon: () => void },
): Promise<void> {
  const report = createRunReport(logger, clock.now);
  await writeMessages({
    messages: messages(),
    observe: (message) => report.observe(message),
    writer: writer.transform,
    stdout,
    abandon,
  });
  if (lifetime.signal.aborted) logger.warning('stopped by a signal; what was read has its state');
  report.summarize(results());
}

function missing(name: string, descriptions: readonly StreamDescription[]): TapError {
  const names = descriptions.map((description) => description.name).join(', ');
  const text = `${name}: this source has no such stream; refresh the connection's schema (there are ${names})`;
  return new TapError(text, { kind: 'config', stream: name });
}

function incomplete(run: Run, error: TapError): string {
  const name = error.stream ?? '';
  return statusLine(name, 'INCOMPLETE', run.stamp()) + runErrorLine(error, run, name);
}

/** The statuses of streams that were never reached, and the summary of all failures, which is the last line. */
async function conclude(
  run: Run,
  results: readonly StreamResult[],
  strangers: readonly TapError[],
): Promise<number> {
  const unread = results.filter(({ status }) => status === 'unread');
  const lines = unread.map(({ stream }) => statusLine(stream, 'INCOMPLETE', run.stamp()));
  const errors = [...strangers, ...errorsOf(results)];
  const [first] = errors;
  if (first !== undefined) {
    const text = summaryOf(errors, results.length + strangers.length);
    lines.push(runErrorLine(new TapError(text, { kind: first.kind }), run));
  }
  if (lines.length > 0) await print(run.stdout, lines.join(''));
  return errors.length > 0 ? 1 : exitCodeOf(results);
}
