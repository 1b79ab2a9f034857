import {
  apiOrigin,
  readConfig,
  findUnreadVariables,
  type Config,
  type ConfigSources,
} from '../config/config.ts';
import { InvalidConfigError, parseConfig } from '../config/parse.ts';
import { describeStreams, discoverStreams } from './discover-streams.ts';
import type { TapError } from '../core/errors.ts';
import type { WaitReport } from '../http/options.ts';
import type { Json } from '../core/json.ts';
import { quietLogger } from '../core/logger.ts';
import type { RunContext } from '../cli/program.ts';
import { parseCatalog, type CatalogEntry } from '../singer/parse-catalog.ts';
import { discoverCatalog, type StreamDescription } from '../singer/catalog.ts';
import { selectByPatterns } from '../singer/selection-patterns.ts';
import { selectStreams, type SelectedStream } from '../singer/select-streams.ts';
import { State } from '../singer/state.ts';
import { loadValidator } from '../records/validator.ts';
import { readManifest } from '../core/package-files.ts';
import { createCredentials, type TokenOptions } from '../tokens/credentials.ts';
import { requestLine, requestMetric, waitLevel, waitLine } from './request-log.ts';
import type { StreamToRead, SyncOptions } from './sync-options.ts';
import { createSync, type Sync } from './sync.ts';
import { createChatApi } from '../zendesk/api.ts';
import type { OAuthClient } from '../zendesk/credentials.ts';
import type { Grants } from '../zendesk/grants.ts';
import type { StreamDefinition } from '../zendesk/stream-definition.ts';
import { streams } from '../zendesk/streams.ts';

export interface ApiOptions extends Pick<RunContext, 'env' | 'logger' | 'clock' | 'signals'> {
  readonly config: Config;
  readonly onWait?: (wait: WaitReport) => void;
  /** Default: only `token_file` can store renewed tokens. */
  readonly tokens?: TokenOptions;
  /** Retry budget that replaces the config's, for a check that must end soon. */
  readonly isCheck?: boolean;
}

async function createHttpClient(
  { config, env, logger, clock, onWait, tokens, isCheck = false }: ApiOptions,
  signal: AbortSignal,
) {
  const http = await import('../http/client.ts');
  const credentials = await createCredentials({ ...tokens, config, logger, clock, signal });
  let requests = 0;
  const client = new http.HttpClient({
    origin: apiOrigin(config.subdomain, env),
    credentials,
    userAgent: config.user_agent ?? `tap-zendesk-chat/${readManifest().version}`,
    redact: logger.redact,
    clock,
    signal,
    requestsPerMinute: config.requests_per_minute,
    // One more than the requests that are read ahead, because a response keeps its slot while it is parsed.
    requestsInFlight: config.read_ahead === 1 ? 1 : config.read_ahead + 1,
    requestTimeoutMs: config.request_timeout * 1000,
    minBytesPerMinute: config.min_bytes_per_minute,
    maxRetryMs: config.max_retry_seconds * 1000,
    // At most two attempts for each request. A shorter timeout in the config is kept.
    ...(isCheck && {
      maxAttempts: 2,
      maxRetryMs: 4_000,
      requestTimeoutMs: Math.min(config.request_timeout, 10) * 1000,
    }),
    onAttempt: (request) => {
      requests += 1;
      logger.metric(requestMetric(request));
      logger.debug(() => requestLine(request));
    },
    onWait: (wait) => {
      logger[waitLevel(wait)](waitLine(wait, clock.now()));
      onWait?.(wait);
    },
  });
  return { client, requests: () => requests };
}

/**
 * Checks whether the account can be read: probes all default streams, within the time limit of a check.
 * @returns The failure, or `undefined`. @throws ConfigError for an invalid URL of the API.
 */
export async function checkAccount(options: ApiOptions): Promise<TapError | undefined> {
  const { checkTimeoutMs, checkStreams, probeOnly } = await import('./dry-run.ts');
  const { clock, config, logger } = options;
  const sync = await buildSync({
    ...options,
    config: { ...config, extra_streams: [] },
    catalog: undefined,
    state: undefined,
    selectionHint: '',
    logger: quietLogger(logger),
    transformDefinition: (definition) => probeOnly(definition),
    isCheck: true,
  });
  const timer = clock.timer(checkTimeoutMs, sync.abort);
  try {
    return await checkStreams(sync, logger.warning);
  } finally {
    timer.clear();
  }
}

/** The grants for a sign-in. @throws ConfigError for an invalid URL of the API. */
export async function createGrants(options: ApiOptions, client: OAuthClient): Promise<Grants> {
  const { Grants } = await import('../zendesk/grants.ts');
  const { client: http } = await createHttpClient(options, options.signals.signal);
  return new Grants({ ...client, post: (form) => http.post(form), now: options.clock.now });
}

/**
 * Reads and checks the config. Passes its secrets and log format to the logger.
 * @throws ConfigError for an invalid file or config.
 */
export async function loadConfig(
  sources: ConfigSources,
  { logger, clock }: Pick<RunContext, 'logger' | 'clock'>,
): Promise<Config> {
  const { config, messages } = await parseConfig(await readConfig(sources), {
    nowMs: clock.now(),
    knownStreams: streams,
    addSecrets: logger.addSecrets,
    unreadVariables: findUnreadVariables(sources),
  }).catch((error: unknown) => {
    if (error instanceof InvalidConfigError)
      for (const warning of error.warnings) logger.warning(warning);
    throw error;
  });
  if (config.log_format === 'json') logger.setFormat('json');
  if (config.log_metrics !== undefined) logger.setMetrics(config.log_metrics);
  for (const { level, message } of messages) logger[level](message);
  return config;
}

/** The user's selection. `catalog` is `undefined` if no file was given. */
export interface SelectionOptions {
  readonly config: Config;
  readonly catalog: Json | undefined;
  /** What the user must do if no stream is selected, as the end of a sentence. */
  readonly selectionHint: string;
  /** Patterns of streams and columns, instead of a catalog. */
  readonly patterns?: readonly string[];
}

export interface BuildSyncOptions
  extends ApiOptions, SelectionOptions, Pick<SyncOptions, 'onStreamEnd' | 'onReadAhead'> {
  readonly state: Json | undefined;
  /** Changes how a stream is read, for a dry run. `stream` is its `tap_stream_id`. */
  readonly transformDefinition?: (definition: StreamDefinition, stream: string) => StreamDefinition;
}

export interface AbortableSync extends Sync {
  /** Cancels pending requests and waits, so that they do not keep the process alive. */
  readonly abort: () => void;
}

/** @throws TapError (config) for an invalid catalog or pattern. */
export function buildSelection(
  selection: SelectionOptions,
  { logger }: Pick<RunContext, 'logger'>,
): readonly SelectedStream[] {
  const { config, selectionHint } = selection;
  const discovered = discoverStreams(config.extra_streams);
  const catalog = parseGivenCatalog(selection, discovered);
  // A catalog may also select streams that `extra_streams` does not name.
  const readable = catalog === undefined ? discovered : describeStreams();
  const selected = selectStreams({ catalog, streams: readable, warn: logger.warning });
  if (selected.length === 0)
    logger.warning(`No stream is selected, so nothing is read: ${selectionHint}.`);
  return selected;
}

/** @throws TapError (config) for an invalid catalog or state, before the first request. */
export async function buildSync(options: BuildSyncOptions): Promise<AbortableSync> {
  const { config, logger, clock, signals } = options;
  const { warning: warn } = logger;
  const selected = buildSelection(options, options);
  const state = State.parse(options.state, { streams, warn });
  const controller = new AbortController();
  const signal = AbortSignal.any([signals.signal, controller.signal]);
  const { client, requests } = await createHttpClient(options, signal);
  const sync = createSync({
    streams: selected.map((stream) => streamToRead(stream, options.transformDefinition)),
    api: createChatApi({ http: client, now: clock.now, warn }),
    loadValidator: ({ name }) => loadValidator(name),
    state,
    settings: config,
    confirmsRefusals: options.transformDefinition === undefined,
    logger,
    onStreamEnd: (result, isLast) => {
      // Nothing is logged after `abort`, so that its cause is the last line of the log.
      if (!controller.signal.aborted) options.onStreamEnd?.(result, isLast);
    },
    onReadAhead: options.onReadAhead,
    signal,
    clock,
    requests,
  });
  return { ...sync, abort: () => controller.abort() };
}

function parseGivenCatalog(
  { catalog, patterns = [] }: SelectionOptions,
  descriptions: readonly StreamDescription[],
): readonly CatalogEntry[] | undefined {
  if (catalog !== undefined) return parseCatalog(catalog);
  if (patterns.length === 0) return undefined;
  return parseCatalog(selectByPatterns(discoverCatalog(descriptions), patterns));
}

function streamToRead(
  selected: SelectedStream,
  transformDefinition: BuildSyncOptions['transformDefinition'] = (definition) => definition,
): StreamToRead {
  const definition = streams.find(({ name }) => name === selected.name);
  if (definition === undefined) throw new Error(`unknown stream ${selected.name}`);
  return { selected, definition: transformDefinition(definition, selected.tapStreamId) };
}
