/** Selection without a catalog file: patterns for streams and columns, like Meltano's `select`. */
import { TapError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { quotedName } from '../core/quoting.ts';
import { didYouMean } from '../core/suggestions.ts';
import type { Catalog, CatalogEntryJson } from './catalog.ts';
import type { Breadcrumb } from './schema.ts';

type Pattern = (path: string) => boolean;

/**
 * Whether the glob matches the whole path. Backtracks to the last `*` only, because the last one can match whatever
 * an earlier one could. The number of steps is at most the glob's length times the path's length.
 */
export function matchesGlob(glob: string, path: string): boolean {
  let at = 0;
  let star = -1;
  let restart = 0;
  for (let index = 0; index < path.length;) {
    if (glob[at] === '*') {
      star = at;
      restart = index;
      at += 1;
    } else if (glob[at] === '?' || glob[at] === path[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      restart += 1;
      index = restart;
    } else return false;
  }
  while (glob[at] === '*') at += 1;
  return at === glob.length;
}

/** `*` matches any text, including dots; `?` matches one character; `chats` alone matches the whole stream. */
function compile(text: string): Pattern {
  const glob = text.replace(/^!/, '').trim();
  return (path) => matchesGlob(glob, path);
}

function streamNameOf(pattern: string): string {
  return pattern.replace(/^!/, '').split('.')[0] ?? '';
}

/** The stream names in a JSON array of patterns. Returns none for any other text. */
export function streamNamesIn(text = '[]'): ReadonlySet<string> {
  let patterns: Json = null;
  try {
    patterns = JSON.parse(text);
  } catch {
    // SyntaxError: the variable does not hold JSON.
  }
  const texts = Array.isArray(patterns) ? patterns : [];
  return new Set(texts.filter((pattern) => typeof pattern === 'string').map(streamNameOf));
}

/** A breadcrumb as names, such as `chats`, `visitor`, `email`. Array items have no name. */
function namesAt(stream: string, breadcrumb: Breadcrumb): readonly string[] {
  const names = breadcrumb.filter((_step, index) => breadcrumb[index - 1] === 'properties');
  return [stream, ...names];
}

/** The dotted paths of a property and of all its parents. */
function pathsTo(names: readonly string[]): readonly string[] {
  return names.map((_name, index) => names.slice(0, index + 1).join('.'));
}

/** A pattern selects what it matches, together with all children and all parents. */
function applyPatterns(
  entry: CatalogEntryJson,
  included: readonly Pattern[],
  excluded: readonly Pattern[],
): CatalogEntryJson {
  const { tap_stream_id: id } = entry;
  const places = entry.metadata.map(({ breadcrumb }) => pathsTo(namesAt(id, breadcrumb)));
  const isChosen = (paths: readonly string[]): boolean =>
    included.some((matches) => paths.some(matches)) &&
    !excluded.some((matches) => paths.some(matches));
  const chosen = new Set(places.filter(isChosen).flat());
  const metadata = entry.metadata.map((given, index) => {
    const selected = chosen.has(places[index]?.at(-1) ?? '');
    return { ...given, metadata: { ...given.metadata, selected } };
  });
  return { ...entry, metadata };
}

function noMatchError(text: string, { streams }: Catalog, paths: readonly string[]): TapError {
  const names = streams.map((entry) => entry.tap_stream_id);
  const stream = streamNameOf(text);
  const columns = paths.filter((path) => path.startsWith(`${stream}.`));
  const hint = names.includes(stream)
    ? didYouMean(text, columns)
    : didYouMean(stream, names) || ` The streams are: ${names.join(', ')}.`;
  const problem = `--select: ${quotedName(text)} matches no stream or column.${hint}`;
  return new TapError(problem, { kind: 'config' });
}

/**
 * The catalog with `selected` set by the patterns. Patterns that start with `!` deselect and take precedence. If all
 * patterns start with `!`, they apply to the default streams.
 * @throws TapError (config) for a pattern that matches nothing.
 */
export function selectByPatterns(catalog: Catalog, texts: readonly string[]): Catalog {
  const { streams } = catalog;
  const all = streams.flatMap(({ tap_stream_id: id, metadata }) =>
    metadata.map(({ breadcrumb }) => namesAt(id, breadcrumb).join('.')),
  );
  // Compare with columns too: `chats.*` does not match the stream name.
  const unmatched = texts.find((text) => !all.some(compile(text)));
  if (unmatched !== undefined) throw noMatchError(unmatched, catalog, all);
  const defaults = streams.flatMap(({ tap_stream_id: id, metadata: [root] }) =>
    root?.metadata['selected-by-default'] === true ? [id] : [],
  );
  const given = texts.filter((text) => !text.startsWith('!'));
  const included = (given.length > 0 ? given : defaults).map(compile);
  const excluded = texts.filter((text) => text.startsWith('!')).map(compile);
  return { streams: streams.map((entry) => applyPatterns(entry, included, excluded)) };
}
