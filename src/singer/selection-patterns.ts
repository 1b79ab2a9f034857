/** Selection without a catalog file: patterns over streams and columns, as Meltano's `select` has them. */
import { TapError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { quotedName } from '../core/quoting.ts';
import { didYouMean } from '../core/suggestions.ts';
import type { Catalog, CatalogEntryJson } from './catalog.ts';
import type { Breadcrumb } from './schema.ts';

type Pattern = (path: string) => boolean;

/**
 * Does the whole path match? Only the last `*` is tried again, so the time is at most pattern times path:
 * what an earlier one could take, the last one can take as well.
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

/** `*` stands for any text, dots included, `?` for one character; `chats` alone means all of it. */
function compile(text: string): Pattern {
  const glob = text.replace(/^!/, '').trim();
  return (path) => matchesGlob(glob, path);
}

function streamNameOf(pattern: string): string {
  return pattern.replace(/^!/, '').split('.')[0] ?? '';
}

/** The names of streams in a JSON list of patterns; in what is no such list there are none. */
export function streamNamesIn(text = '[]'): ReadonlySet<string> {
  let patterns: Json = null;
  try {
    patterns = JSON.parse(text);
  } catch {
    // A SyntaxError: the variable is set to something else.
  }
  const texts = Array.isArray(patterns) ? patterns : [];
  return new Set(texts.filter((pattern) => typeof pattern === 'string').map(streamNameOf));
}

/** Names only: `chats`, `visitor`, `email`; array items are no name of their own. */
function namesAt(stream: string, breadcrumb: Breadcrumb): readonly string[] {
  const names = breadcrumb.filter((_step, index) => breadcrumb[index - 1] === 'properties');
  return [stream, ...names];
}

/** The place itself and everything it is a part of, each as a dotted path. */
function pathsTo(names: readonly string[]): readonly string[] {
  return names.map((_name, index) => names.slice(0, index + 1).join('.'));
}

/** What a pattern chooses, it chooses with everything below and with what it is a part of. */
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
  const problem = `--select: ${quotedName(text)} matches no stream and no column.${hint}`;
  return new TapError(problem, { kind: 'config' });
}

/**
 * The catalog with what the patterns choose: those with `!` in front take away, and win. Without any that
 * choose, the streams that are read by default are taken away from.
 * @throws TapError (config) for a pattern that matches nothing.
 */
export function selectByPatterns(catalog: Catalog, texts: readonly string[]): Catalog {
  const { streams } = catalog;
  const all = streams.flatMap(({ tap_stream_id: id, metadata }) =>
    metadata.map(({ breadcrumb }) => namesAt(id, breadcrumb).join('.')),
  );
  // `chats.*` chooses columns: the stream alone would be matched by `chats` only.
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
