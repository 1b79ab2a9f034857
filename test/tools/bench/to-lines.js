/**
 * From files to lines by the built program's own modules: everything between a page's bytes and stdout,
 * put together as the program does it, without HTTP and without the walk from page to page.
 *
 *   node test/tools/bench/launch.js test/tools/bench/to-lines.js singer|airbyte STREAM READING [DESELECTED]
 *
 * DESELECTED: a JSON list of columns and nested properties, `*` for the items of a list.
 */
import { discoverStreams } from '../../../dist/sync/discover-streams.js';
import { AirbyteWriter } from '../../../dist/airbyte/writer.js';
import { systemClock } from '../../../dist/core/clock.js';
import { parseJson } from '../../../dist/http/body.js';
import { createLogger } from '../../../dist/core/logger.js';
import { writeMessages } from '../../../dist/cli/stdout.js';
import { parseCatalog } from '../../../dist/singer/parse-catalog.js';
import { selectStreams } from '../../../dist/singer/select-streams.js';
import { State } from '../../../dist/singer/state.js';
import { loadValidator } from '../../../dist/records/validator.js';
import { createSingerWriter } from '../../../dist/singer/writer.js';
import { createSync } from '../../../dist/sync/sync.js';
import { seconds, writeExportBookmark } from '../../../dist/zendesk/export/bookmark.js';
import { streams } from '../../../dist/zendesk/streams.js';
import { catalogOf } from './catalogs.js';
import { readPages } from './read-pages.js';

const [protocol, stream = '', reading = '', deselected = '[]'] = process.argv.slice(2);
const { now } = systemClock;
const signal = new AbortController().signal;
const logger = createLogger({
  write: (/** @type {string} */ line) => process.stderr.write(line),
  format: 'text',
  level: 'error',
  now,
  name: 'bench',
  pid: process.pid,
});

/** A checkpoint for each page, so that each has its STATE. */
const checkpoints = {
  chats: (/** @type {number} */ page) =>
    writeExportBookmark(
      { time: 1_704_067_200 + page, startId: null },
      {
        replicationKey: 'update_timestamp',
        unit: seconds,
        foreignTimeKeys: [],
        foreignBookmarkKeys: [],
      },
    ),
  agents: (/** @type {number} */ page) => ({ id: page }),
};

/** The definition of the stream with another source of pages. */
function definition() {
  const found = streams.find(({ name }) => name === stream);
  const checkpointOf = stream === 'agents' ? checkpoints.agents : checkpoints.chats;
  async function* pages() {
    let page = 0;
    for await (const bytes of readPages(JSON.parse(reading))) {
      const json = parseJson(bytes, new Headers());
      page += 1;
      const items = Array.isArray(json) ? json : json.chats;
      yield { items, checkpoint: checkpointOf(page), fetchedMs: now() };
    }
  }
  return { ...found, pages: () => pages };
}

function createWriter() {
  if (protocol !== 'airbyte') return createSingerWriter();
  return new AirbyteWriter({
    clock: systemClock,
    streams: descriptions.filter(({ name }) => name === stream),
    initialState: { states: new Map(), isLegacy: false },
    emittedAt: (at = now()) => at,
    logger,
    stdout: process.stdout,
  });
}

const descriptions = discoverStreams([]);
const [selected] = selectStreams({
  catalog: parseCatalog(catalogOf(descriptions, stream, JSON.parse(deselected))),
  streams: descriptions,
  warn: logger.error,
});
const sync = createSync({
  streams: [{ selected, definition: definition() }],
  api: { responseCount: () => 1, latestServerTimeMs: now },
  loadValidator: ({ name }) => loadValidator(name),
  state: State.parse(undefined, { streams }),
  settings: {},
  logger,
  signal,
  confirmsRefusals: false,
  clock: systemClock,
  requests: () => 0,
});
const { stdout } = process;
await writeMessages({ ...sync, abort: () => undefined }, { writer: createWriter(), stdout });
if (sync.results().some(({ status }) => status !== 'complete')) {
  const failures = sync.results().map(({ status, error }) => `${status}: ${error?.message}`);
  process.stderr.write(`${failures.join('\n')}\n`);
  process.exitCode = 1;
}
