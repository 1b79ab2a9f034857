/**
 * Invalid inputs of any kind cause a TapError or are accepted, and never reveal a secret. `npm run property` tries
 * 10,000 cases of each kind, each with at most one second of CPU time. PROPERTY_SEED repeats a run.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { parseArguments as parseAirbyteArguments } from '../../src/airbyte/arguments.ts';
import { parseArguments } from '../../src/cli/arguments.ts';
import { readConfig } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { describeStreams } from '../../src/sync/discover-streams.ts';
import { TapError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/input-file.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { parseCatalog } from '../../src/singer/parse-catalog.ts';
import { selectStreams } from '../../src/singer/select-streams.ts';
import { State } from '../../src/singer/state.ts';
import type { StreamDefinition } from '../../src/zendesk/stream-definition.ts';
import { streams } from '../../src/zendesk/streams.ts';
import { now, scriptedApi, stillClock, usualSettings } from '../support/scripted-api.ts';
import {
  airbyteCatalog,
  airbyteLines,
  airbyteStates,
  bookmarks,
  catalog,
  configsWith,
  singerLines,
  states,
} from './documents.ts';
import {
  encoded,
  encoding,
  mutated,
  mutation,
  placesIn,
  saysSomething,
  valueAt,
  secret,
  type Encoding,
  type Mutation,
} from './mutations.ts';
import { createFolder, read as readOnce, type Reading } from './readers.ts';

const isWhole = process.env['PROPERTY'] === 'all';
const seed = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
process.stderr.write(`PROPERTY_SEED=${seed}\n`);
/** Total number of cases, in equal parts. */
const cases = isWhole ? 10_000 : 240;
const parameters = { seed, numRuns: Math.ceil(cases / 8) };

let folder: Awaited<ReturnType<typeof createFolder>>;
beforeAll(async () => {
  folder = await createFolder();
});
afterAll(() => folder.remove());

/** The token of most configs. The program does not know misplaced secrets. */
const token = 'Another-Token-4711';

/** Only a case that is slow twice counts as slow, because one run may include a garbage collection. */
async function read(...given: Parameters<typeof readOnce>): Promise<Reading> {
  const reading = await readOnce(...given);
  if (!isWhole || reading.cpu < 1) return reading;
  const again = await readOnce(...given);
  expect(again.cpu).toBeLessThan(1);
  return again;
}

/** Every part of the secret that is too long to appear by chance. */
function piecesIn(text: string, hidden: string): readonly string[] {
  const length = 8;
  const pieces = Array.from({ length: hidden.length - length + 1 }, (_, at) =>
    hidden.slice(at, at + length),
  );
  return [...pieces, token].filter((piece) => text.includes(piece));
}

/** Runs the work, which may throw a TapError without secrets. Any other error is a bug. @returns undefined then */
async function refusable<T>(
  hidden: string,
  work: () => Promise<T> | T,
  longest = Infinity,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TapError)) throw error;
    expect(piecesIn(error.message, hidden)).toEqual([]);
    expect(error.message.length).toBeLessThan(longest);
    return undefined;
  }
}

const ours = /^(?:DEBUG|INFO|WARNING|ERROR|CRITICAL) |^\{"level":/;

/** Conditions for every run with any input. STATE lines repeat the input state. */
function checkSinger({ code, stdout, stderr }: Reading, hidden: string): void {
  const lines = stderr.split('\n').slice(0, -1);
  const told = stdout.split('\n').filter((line) => !line.startsWith('{"type":"STATE"'));
  expect([0, 1, 2]).toContain(code);
  expect(lines.filter((line) => !ours.test(line))).toEqual([]);
  expect(lines.filter((line) => line.length > 2500)).toEqual([]);
  expect(lines.length).toBeLessThan(100);
  expect(stderr).not.toMatch(/this is a bug|Maximum call stack/);
  expect(piecesIn(stderr + told.join('\n'), hidden)).toEqual([]);
  if (code !== 0 && stdout === '') expect(lines.at(-1)).toMatch(/^CRITICAL |"level":"critical"/);
}

function checkAirbyte({ code, stdout, stderr }: Reading, hidden: string): void {
  const lines = stdout.split('\n').slice(0, -1);
  expect([0, 1]).toContain(code);
  for (const line of lines) expect(isJsonObject(JSON.parse(line))).toBe(true);
  const told = lines.filter((line) => !line.startsWith('{"type":"STATE"'));
  expect(lines.length).toBeLessThan(100);
  expect(stdout).not.toMatch(/this is a bug|Maximum call stack|system_error/);
  expect(piecesIn(stderr + told.join('\n'), hidden)).toEqual([]);
}

/** One of several documents is invalid, sometimes all of them. */
const victim = fc.constantFrom('config', 'catalog', 'state', 'all');

const slips = fc.array(mutation, { minLength: 1, maxLength: 3 });

function wrong(base: Json, all: readonly Mutation[], hidden: string): Json {
  return all.reduce((value, slip) => mutated(value, slip, hidden), base);
}

interface Bases {
  readonly config: Json;
  readonly catalog: Json;
  readonly state: Json;
}

/** Writes the files and returns the arguments that name them. */
async function writeWrong(
  bases: Bases,
  {
    hidden,
    who,
    what,
    form,
  }: { hidden: string; who: string; what: readonly Mutation[]; form: Encoding },
): Promise<readonly string[]> {
  const names = ['config', 'catalog', 'state'] as const;
  const files = names.map((name) => {
    const isVictim = who === name || who === 'all';
    const value = isVictim ? wrong(bases[name], what, hidden) : bases[name];
    return [name, encoded(value, isVictim ? form : plain)] as const;
  });
  await folder.write(Object.fromEntries(files));
  return names.flatMap((name) => [`--${name}`, folder.pathOf(name)]);
}

const plain = { name: 'utf8', at: 0 } as const;

/** A case without a mistake. */
const right = { who: '', what: [], form: plain };

function configFor({ hidden, isToken }: { hidden: string; isToken: boolean }, which: number): Json {
  return configsWith(isToken ? hidden : token)[which] ?? {};
}

const wrongFiles = {
  hidden: secret,
  isToken: fc.boolean(),
  who: victim,
  what: slips,
  form: encoding,
};

test('Singer: config, catalog and state', async () => {
  const property = fc.asyncProperty(
    fc.record(wrongFiles),
    fc.nat(1),
    fc.constantFrom(...states),
    fc.constantFrom(
      [],
      ['--check'],
      ['--test=schema'],
      ['--discover'],
      ['--start-date', '2024-02-01'],
    ),
    async (slip, which, state, more) => {
      const config = configFor(slip, which);
      const argv = await writeWrong({ config, catalog, state }, slip);
      checkSinger(await read('singer', [...argv, ...more], {}), slip.hidden);
    },
  );
  await fc.assert(property, parameters);
});

test('Airbyte: config, catalog and state', async () => {
  const property = fc.asyncProperty(
    fc.record(wrongFiles),
    fc.nat(1),
    fc.constantFrom(...airbyteStates),
    fc.constantFrom(['check'], ['discover'], ['read'], ['read', '--debug']),
    async (slip, which, state, [verb = '', ...more]) => {
      const config = configFor(slip, which);
      const argv = await writeWrong({ config, catalog: airbyteCatalog, state }, slip);
      const taken = verb === 'read' ? argv : argv.slice(0, 2);
      checkAirbyte(await read('airbyte', [verb, ...taken, ...more], {}), slip.hidden);
    },
  );
  await fc.assert(property, parameters);
});

/** Typical arguments. The secret follows those that end in `=` and replaces `''`. */
const words = fc.constantFrom(
  ...(
    '--token= --config= --select= -c --config --state --catalog -- - --no-check --no-config --config.a -d ' +
    '--discover=false --discover --format json --format=xml --help=no --test --test=all --about -cd -x ' +
    '--start-date --start-date= --statee -state ENV --debug read __proto__ --__proto__ --constructor [{ 5 ='
  ).split(' '),
  '',
  '--start-date= ',
  `--select=${'*'.repeat(200)}`,
  '\u0000',
);

interface WordSlip {
  readonly op: 'insert' | 'replace' | 'remove' | 'repeat';
  readonly at: number;
  readonly word: string;
}

const wordSlips = fc.array(
  fc.record<WordSlip>({
    op: fc.constantFrom('insert', 'insert', 'replace', 'remove', 'repeat'),
    at: fc.nat(10),
    word: words,
  }),
  { minLength: 1, maxLength: 3 },
);

function wrongLine(base: readonly string[], all: readonly WordSlip[], hidden: string): string[] {
  const line = [...base];
  for (const { op, at, word } of all) {
    const index = at % (line.length + 1);
    const written = word === '' || word.endsWith('=') ? word + hidden : word;
    if (op === 'insert') line.splice(index, 0, written);
    else if (op === 'repeat') line.splice(index, 0, line[index] ?? written);
    else line.splice(index, 1, ...(op === 'replace' ? [written] : []));
  }
  return line;
}

function withPaths(line: readonly string[]): string[] {
  const names = ['config', 'catalog', 'state'] as const;
  return names.reduce(
    (done, name) => done.map((word) => word.replace(name.toUpperCase(), folder.pathOf(name))),
    [...line],
  );
}

const lines = { hidden: secret, isToken: fc.boolean(), what: wordSlips, at: fc.nat(10) };

const programs = [
  { name: 'Singer', bases: singerLines, parse: parseArguments, catalog, state: {} },
  {
    name: 'Airbyte',
    bases: airbyteLines,
    parse: parseAirbyteArguments,
    catalog: airbyteCatalog,
    state: [],
  },
];

test.each(programs)('$name: the command line', async ({ name, bases, parse, ...documents }) => {
  const property = fc.asyncProperty(fc.record(lines), async ({ hidden, isToken, what, at }) => {
    const base = bases[at % bases.length] ?? [];
    const line = wrongLine(base, what, hidden);
    const parsed = await refusable<object | string>(hidden, () => parse(line), 300);
    if (parsed === undefined) return;
    // All its words are relevant.
    if (typeof parsed !== 'string' && !isAlike(line, base))
      expect([line, parsed]).not.toEqual([line, await parse(base)]);
    const config = configFor({ hidden, isToken }, 0);
    await writeWrong({ config, ...documents }, { hidden, ...right });
    if (name === 'Singer') checkSinger(await read('singer', withPaths(line), {}), hidden);
    else checkAirbyte(await read('airbyte', withPaths(line), {}), hidden);
  });
  await fc.assert(property, parameters);
});

/** Other spellings of the same flags. */
function isAlike(line: readonly string[], base: readonly string[]): boolean {
  const spelled = (all: readonly string[]): string =>
    all
      .filter((word) => word !== '--')
      .flatMap((word) => (word.startsWith('--') ? word.split(/=(.*)/s, 2) : word))
      .map((word) => ({ '-c': '--config', '-d': '--discover', '-p': '--catalog' })[word] ?? word)
      .toSorted()
      .join(' ');
  return spelled(line) === spelled(base);
}

/** Typing mistakes in a file of variables: its lines, the inserted text and its position, and the removed length. */
const variables = fc.record({
  hidden: secret,
  quotes: fc.tuple(...Array.from({ length: 4 }, () => fc.constantFrom('', '', '"', "'", '`'))),
  more: fc.constantFrom('', '"', "'", '`', '#', '=', '\\n', '\n', 'export ', '\u0000', 'É'),
  at: fc.nat(200),
  cut: fc.nat(20),
});

test('The environment and a file of variables', async () => {
  const property = fc.asyncProperty(
    variables,
    fc.boolean(),
    async ({ hidden, quotes, more, at, cut }, isCut) => {
      const [open, close, before, after] = quotes;
      const text = [
        `TAP_ZENDESK_CHAT_SUBDOMAIN=acme`,
        `TAP_ZENDESK_CHAT_START_DATE=${open}2024-01-01${close}`,
        `TAP_ZENDESK_CHAT_ACCESS_TOKEN=${before}${hidden}${after}`,
        `OTHER=x`,
      ].join('\n');
      const slipped = text.slice(0, at) + more + text.slice(isCut ? at + cut : at);
      await folder.write({ log: Buffer.from(slipped) });
      checkSinger(
        await read('singer', ['--discover'], { SINGER_SDK_LOG_CONFIG: folder.pathOf('log') }),
        hidden,
      );
      const env = { TAP_ZENDESK_CHAT_ON_ABSENT: slipped.slice(at), LOGLEVEL: slipped.slice(at) };
      checkSinger(await read('singer', ['--discover'], env), hidden);
      const sources = { files: ['ENV'], settings: {}, env, envFile: folder.pathOf('log') };
      await refusable(hidden, async () => parseConfig(await readConfig(sources), { nowMs: now }));
    },
  );
  await fc.assert(property, parameters);
});

test('No accepted setting is ignored without a message', async () => {
  const key = fc.constantFrom(
    ...(
      'start_date end_date lookback_minutes extra_streams on_absent log_format log_metrics user_agent request_timeout ' +
      'requests_per_minute max_retry_seconds agents_page_limit bans_page_limit subdomain unknown Start-Date __proto__'
    ).split(' '),
  );
  const property = fc.asyncProperty(
    key,
    fc.record({ hidden: secret, slip: mutation }),
    async (name, { hidden, slip }) => {
      const [given = {}] = configsWith('token-4711');
      const rest = Object.fromEntries(Object.entries(given).filter(([other]) => other !== name));
      const config = name === 'subdomain' ? given : rest;
      const holder = mutated({ [name]: null }, { ...slip, op: 'replace' }, hidden);
      const value = isJsonObject(holder) ? holder[name] : null;
      const options = { nowMs: now, knownStreams: [{ name: 'chats', isDefault: true }] };
      const before = await parseConfig(rest, options).catch((error: unknown) => error);
      const text = encoded(
        { ...config, ...(isJsonObject(holder) ? holder : {}) },
        plain,
      ).toString();
      const after = await parseConfig(JSON.parse(text), options).catch((error: unknown) => error);
      if (after instanceof TapError || !saysSomething(value)) return;
      const isDefault = value === 0 || (Array.isArray(value) && value.length === 0);
      if (!isDefault) expect([name, value, after]).not.toEqual([name, value, before]);
    },
  );
  await fc.assert(property, parameters);
});

/** The first request of a stream, and its messages. */
async function firstQuestion(
  definition: StreamDefinition,
  bookmark: JsonObject | undefined,
): Promise<Json> {
  const told: string[] = [];
  const api = scriptedApi([
    () => {
      throw new TapError('asked', { kind: 'transient' });
    },
  ]);
  const pages = definition.pages({
    api,
    bookmark,
    ...stillClock,
    info: (message) => told.push(message),
    warn: (message) => told.push(message),
    settings: usualSettings,
  });
  await pages()
    .next()
    .catch(() => undefined);
  return [JSON.stringify(api.asked), ...told];
}

test('No accepted bookmark restarts a stream without a message', async () => {
  const property = fc.asyncProperty(
    fc.constantFrom(...bookmarks),
    fc.record({ hidden: secret, what: slips }),
    async ([name, entry], { hidden, what }) => {
      const definition = streams.find((stream) => stream.name === name);
      const text = encoded(wrong({ [name]: entry }, what, hidden), plain).toString();
      const told: string[] = [];
      const options = { streams, warn: (message: string) => told.push(message) };
      const state = await refusable(hidden, () =>
        State.parse({ bookmarks: parseJson(text, 'it') }, options),
      );
      const given = state?.getBookmark(name);
      if (definition === undefined || given === undefined) return;
      const counted = Object.entries(given).filter(
        ([key]) => !definition.foreignBookmarkKeys.includes(key),
      );
      if (!saysSomething(Object.fromEntries(counted))) return;
      const anew = await firstQuestion(definition, undefined);
      expect([given, told, await firstQuestion(definition, given)]).not.toEqual([given, [], anew]);
    },
  );
  await fc.assert(property, parameters);
});

/** Keys of a catalog that select streams and columns. */
const choices: ReadonlySet<string | number> = new Set(
  'selected inclusion replication-method tap_stream_id key_properties breadcrumb'.split(' '),
);

test('No selection in a catalog is ignored without a message', async () => {
  const descriptions = describeStreams();
  const selectionOf = (value: Json): Json => {
    const told: string[] = [];
    const selected = selectStreams({
      catalog: parseCatalog(value),
      streams: descriptions,
      warn: (message) => told.push(message),
    });
    return [...told, JSON.stringify(selected)];
  };
  const chosen = placesIn(catalog).flatMap((place, at) =>
    choices.has(place.at(-1) ?? '') ? [at] : [],
  );
  const property = fc.asyncProperty(
    fc.constantFrom(...chosen),
    fc.record({ hidden: secret, slip: mutation }),
    async (at, { hidden, slip }) => {
      const slipped = mutated(catalog, { ...slip, at, op: 'replace' }, hidden);
      const text = encoded(slipped, plain).toString();
      const place = placesIn(catalog)[at] ?? [];
      const value = valueAt(slipped, place);
      const selection = await refusable(hidden, () => selectionOf(parseJson(text, 'it')));
      // "true" and true are one flag.
      const bare = (one: Json): string => JSON.stringify(one).replaceAll('"', '');
      const isMeant = bare(value) === bare(valueAt(catalog, place));
      if (selection !== undefined && saysSomething(value) && !isMeant)
        expect([place, value, selection]).not.toEqual([place, value, selectionOf(catalog)]);
    },
  );
  await fc.assert(property, parameters);
});
