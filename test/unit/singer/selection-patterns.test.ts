import { test } from '@jest/globals';

import { parseCatalog } from '../../../src/singer/parse-catalog.ts';
import { discoverCatalog, type StreamDescription } from '../../../src/singer/catalog.ts';
import { matchesGlob, selectByPatterns } from '../../../src/singer/selection-patterns.ts';
import { selectStreams } from '../../../src/singer/select-streams.ts';
import { expect } from '../../support/readable.ts';

const text = { type: ['null', 'string'] };

const chats: StreamDescription = {
  name: 'chats',
  aliases: [],
  keyProperties: ['id'],
  replicationMethods: ['FULL_TABLE'],
  isDefault: true,
  schema: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      rating: text,
      visitor: { type: ['null', 'object'], properties: { email: text, name: text } },
      history: {
        type: ['null', 'array'],
        items: { type: ['null', 'object'], properties: { msg: text, at: text } },
      },
    },
  },
};

const streams = [
  chats,
  { ...chats, name: 'agents', schema: { type: 'object', properties: { id: text, email: text } } },
  { ...chats, name: 'events', isDefault: false },
];

/** The selected columns by stream, nested ones after a dot. */
function selected(...patterns: string[]): Record<string, string> {
  const catalog = parseCatalog(selectByPatterns(discoverCatalog(streams), patterns));
  const chosen = selectStreams({ catalog, streams, warn: () => undefined });
  const columns = (schema: StreamDescription['schema']): string[] =>
    Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
      const inner = columns(child.items ?? child);
      return inner.length === 0 ? [name] : inner.map((below) => `${name}.${below}`);
    });
  return Object.fromEntries(
    chosen.map(({ stream, schema }) => [stream, columns(schema).join(' ')]),
  );
}

const whole = 'id rating visitor.email visitor.name history.msg history.at';

test.each<readonly [readonly string[], Record<string, string>]>([
  [['chats'], { chats: whole }],
  [['chats.*'], { chats: whole }],
  [['chats.id'], { chats: 'id' }],
  [['chats.visitor'], { chats: 'id visitor.email visitor.name' }],
  [['chats.visitor.email'], { chats: 'id visitor.email' }],
  [['chats.history.msg'], { chats: 'id history.msg' }],
  [['chats.*', '!chats.visitor'], { chats: 'id rating history.msg history.at' }],
  [['!chats.*.email', 'chats'], { chats: 'id rating visitor.name history.msg history.at' }],
  [['chats.r?ting'], { chats: 'id rating' }],
  [['*.email'], { chats: 'id visitor.email', agents: 'id email', events: 'id visitor.email' }],
  [['chats', 'agents'], { chats: whole, agents: 'id email' }],
  [['*'], { chats: whole, agents: 'id email', events: whole }],
  [['!chats'], { agents: 'id email' }],
  [['!*.email', '!agents'], { chats: 'id rating visitor.name history.msg history.at' }],
  [['chats', '!chats.id'], { chats: whole }],
])('%j selects what Meltano would, and keys always', (patterns, expected) => {
  expect(selected(...patterns)).toEqual(expected);
});

test.each([
  ['chat.*', /"chat\.\*" matches no stream or column\. Did you mean chats\?/],
  ['!chats.nickname', /"!chats\.nickname" matches no stream or column/],
  ['x', /The streams are: chats, agents, events\./],
])('%s, which matches nothing, is refused', (pattern, says) => {
  expect(() => selected('agents', pattern)).toThrow(says);
});

test('a glob matches what the regular expression of the same meaning matches', () => {
  const letters = ['a', 'b', '*', '?', '.'];
  let words = [''];
  for (let length = 1; length <= 5; length += 1)
    words = words.concat(words.flatMap((word) => letters.map((letter) => word + letter)));
  const globs = [...new Set(words)];
  const paths = globs.filter((word) => !/[*?]/.test(word));
  for (const glob of globs) {
    const source = glob
      .replaceAll('.', String.raw`\.`)
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    const oracle = new RegExp(`^${source}$`);
    const matched = paths.filter((path) => matchesGlob(glob, path));
    expect([glob, matched]).toEqual([glob, paths.filter((path) => oracle.test(path))]);
  }
});
