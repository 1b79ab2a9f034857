import { test } from '@jest/globals';

import type { Json } from '../../../src/core/json.ts';
import { parseCatalog } from '../../../src/singer/parse-catalog.ts';
import { formatCatalog, discoverCatalog, sampleCatalog } from '../../../src/singer/catalog.ts';
import { selectStreams } from '../../../src/singer/select-streams.ts';
import { streams } from './streams.ts';
import { expect } from '../../support/readable.ts';

const readText = (text: string): Json => JSON.parse(text) as Json;

test('the sample catalog selects the default streams and nothing else', () => {
  const sample = sampleCatalog(discoverCatalog(streams));
  const selected = sample.streams.map((entry) => entry.metadata[0]?.metadata['selected']);
  expect(selected).toEqual([true, undefined, true]);
  expect(formatCatalog(sample).match(/"selected": true/g)).toHaveLength(2);
});

test('the sample as the catalog reads the same as no catalog', () => {
  const catalog = parseCatalog(readText(formatCatalog(sampleCatalog(discoverCatalog(streams)))));
  const warn = (message: string): void => {
    throw new Error(message);
  };
  expect(selectStreams({ catalog, streams, warn }).map(({ name }) => name)).toEqual([
    'shortcuts',
    'chats',
  ]);
});

test('a catalog may omit optional keys and contain unknown ones', () => {
  const schema = { anyOf: [], properties: { a: { maxLength: 3 }, b: true, c: { items: [] } } };
  const given = { tap_stream_id: 'chats', schema, metadata: null, extra: 1 };
  const [entry] = parseCatalog({ streams: [given], x: 2 });
  expect(entry).toMatchObject({ id: 'chats', stream: 'chats', root: {}, breadcrumbs: [] });
  expect(entry?.isSelected).toBe(false);
  expect(entry?.isPropertySelected(['properties', 'c', 'items'])).toBe(true);
  expect(entry?.isPropertySelected(['properties', 'd'])).toBe(false);
});

const wrap = (entry: Json): Json => ({ streams: [entry] });
const chatsWith = (more: { [key: string]: Json }): Json =>
  wrap({ tap_stream_id: 'chats', schema: {}, ...more });
const place = ['properties', 'id'];

test.each<[string, Json, RegExp]>([
  ['no object', [], /must be an object with a "streams" array, as --discover prints it/],
  ['without streams', {}, /must be an object with a "streams" array/],
  [
    'a list of names',
    { streams: ['chats'] },
    /stream 1 of the list is string; it must be an object/,
  ],
  ['with a stream without a name', wrap({ stream: 'chats' }), /stream 1.*"tap_stream_id"/],
  ['with an empty name', wrap({ tap_stream_id: '' }), /stream 1.*"tap_stream_id"/],
  ['without a schema', wrap({ tap_stream_id: 'chats' }), /stream "chats" needs a "schema"/],
  [
    'with a number for a target',
    chatsWith({ stream: 5 }),
    /stream "chats" has an invalid "stream"; it must be/,
  ],
  ['with metadata in an object', chatsWith({ metadata: {} }), /stream "chats" has "metadata" that/],
  [
    'with text for metadata',
    chatsWith({ metadata: ['x'] }),
    /a metadata entry that lacks "breadcrumb"/,
  ],
  [
    'with a breadcrumb that is a string',
    chatsWith({ metadata: [{ breadcrumb: 'id', metadata: {} }] }),
    /stream "chats" has a metadata entry that lacks "breadcrumb" \(an array\)/,
  ],
  [
    'with a number in a breadcrumb',
    chatsWith({ metadata: [{ breadcrumb: ['properties', 5], metadata: {} }] }),
    /stream "chats", breadcrumb \["properties",5\], must be an array of strings/,
  ],
  [
    'with a selection that is neither yes nor no',
    chatsWith({ metadata: [{ breadcrumb: place, metadata: { selected: 'yes' } }] }),
    /stream "chats", breadcrumb \["properties","id"\], has "selected": "yes"; it must be true or/,
  ],
  [
    'with a default selection that is a number',
    chatsWith({ metadata: [{ breadcrumb: [], metadata: { 'selected-by-default': 1 } }] }),
    /breadcrumb \[\], has "selected-by-default": 1/,
  ],
  [
    'with an unknown inclusion',
    chatsWith({ metadata: [{ breadcrumb: place, metadata: { inclusion: 'always' } }] }),
    /has "inclusion": a string of 6 characters; it must be available, automatic or unsupported/,
  ],
  [
    'with an invalid selection of a stream',
    chatsWith({ selected: 'maybe' }),
    /"selected": a string of 5 characters;/,
  ],
  [
    'with an invalid selection in a schema',
    chatsWith({ schema: { properties: { id: { selected: 3 } } } }),
    /stream "chats", property "id", has "selected": 3/,
  ],
])('a catalog %s is refused with the place of the mistake', (_what, value, message) => {
  expect(() => parseCatalog(value)).toThrow(message);
  expect(() => parseCatalog(value)).toThrow(expect.objectContaining({ kind: 'config' }));
});
