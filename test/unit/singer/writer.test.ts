import { expect, test } from '@jest/globals';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { TapError } from '../../../src/core/errors.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Message } from '../../../src/singer/messages.ts';
import { createSingerWriter, recordLines } from '../../../src/singer/writer.ts';
import { chats } from './streams.ts';

/** The output of the writer, chunk by chunk. */
async function write(...messages: readonly Message[]): Promise<string[]> {
  const chunks: string[] = [];
  const sink = new Writable({
    objectMode: true,
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  await pipeline(Readable.from(messages), createSingerWriter(), sink);
  return chunks;
}

const records = (...list: JsonObject[]): Message => ({
  type: 'RECORDS',
  stream: 'chats',
  records: list,
  timeExtractedMs: Date.UTC(2024, 4, 6, 7, 8, 9, 120),
});

test('a schema is one line', async () => {
  const schema = { type: 'object', properties: { id: { type: 'string' } } };
  expect(
    await write({
      type: 'SCHEMA',
      stream: 'old_chats',
      schema,
      keyProperties: ['id'],
      bookmarkProperties: ['id'],
    }),
  ).toEqual([
    '{"type":"SCHEMA","stream":"old_chats","schema":{"type":"object","properties":{"id":{"type":"string"}}},"key_properties":["id"],"bookmark_properties":["id"]}\n',
  ]);
});

test('a schema without bookmark properties does not mention them', async () => {
  const { schema, keyProperties } = chats;
  const [line = ''] = await write({
    type: 'SCHEMA',
    stream: 'chats',
    schema,
    keyProperties,
    bookmarkProperties: [],
  });
  expect(JSON.parse(line)).not.toHaveProperty('bookmark_properties');
});

test('a page of records is one chunk', async () => {
  expect(await write(records({ id: 'a', rating: null }, { id: 'b\n', rating: 'ü' }))).toEqual([
    '{"type":"RECORD","stream":"chats","time_extracted":"2024-05-06T07:08:09.120000Z","record":{"id":"a","rating":null}}\n' +
      '{"type":"RECORD","stream":"chats","time_extracted":"2024-05-06T07:08:09.120000Z","record":{"id":"b\\n","rating":"ü"}}\n',
  ]);
});

test('a page without records writes nothing', async () => {
  expect(await write(records())).toEqual([]);
});

test('an undefined property is not written', async () => {
  const visitor = { name: 'Jo', email: undefined } as unknown as JsonObject;
  const [line = ''] = await write(records({ id: 'a', visitor }));
  expect(line).toContain('"record":{"id":"a","visitor":{"name":"Jo"}}}\n');
});

test('messages keep their order, and a state is a separate chunk', async () => {
  const value = { bookmarks: { chats: { id: 'a' } }, currently_syncing: null };
  expect(
    await write(
      records({ id: 'a' }),
      { type: 'STATE', value, tapStreamId: 'chats' },
      records({ id: 'b' }),
    ),
  ).toEqual([
    '{"type":"RECORD","stream":"chats","time_extracted":"2024-05-06T07:08:09.120000Z","record":{"id":"a"}}\n',
    '{"type":"STATE","value":{"bookmarks":{"chats":{"id":"a"}},"currently_syncing":null}}\n',
    '{"type":"RECORD","stream":"chats","time_extracted":"2024-05-06T07:08:09.120000Z","record":{"id":"b"}}\n',
  ]);
});

test('the status of a stream is not written for Singer targets', async () => {
  const error = new TapError('gone', { kind: 'system' });
  expect(
    await write(
      { type: 'STATUS', stream: 'chats', status: 'started' },
      { type: 'STATUS', stream: 'chats', status: 'failed', error },
    ),
  ).toEqual([]);
});

test('a page that is too long for one chunk is split between lines', () => {
  const page = [{ id: 1 }, { id: 2 }, { id: 3 }];
  const pieces = (maxBytes?: number): string[] =>
    [...recordLines('<', page, '>', maxBytes)].map((piece) => piece.toString());
  expect(pieces(45)).toEqual(['<{"id":1}>\n<{"id":2}>\n', '<{"id":3}>\n']);
  expect(pieces(1)).toEqual(['<{"id":1}>\n', '<{"id":2}>\n', '<{"id":3}>\n']);
  expect(pieces()).toEqual(['<{"id":1}>\n<{"id":2}>\n<{"id":3}>\n']);
});

test.each([1, 30, 60, 100, 1000])('no character is split in chunks of %i bytes', (maxBytes) => {
  const page = ['aé', '漢字', '😀😀😀', 'x'.repeat(50), '', '\u0001"'].map((text) => ({ text }));
  const all = Buffer.concat([
    ...recordLines('€', page, (index) => `${index}ß`, maxBytes),
  ]).toString();
  expect(all).toBe(page.map((one, index) => `€${JSON.stringify(one)}${index}ß\n`).join(''));
});

test('a record that cannot be serialized ends the output with its error', async () => {
  const value: JsonObject = { id: 'a' };
  value['self'] = value;
  await expect(write(records(value))).rejects.toThrow(/cannot be written.*circular/is);
});

test('the writer waits for its reader and takes at most one page in advance', () => {
  const writer = createSingerWriter();
  expect(writer.write(records({ id: 'a' }))).toBe(false);
  expect(writer.writableHighWaterMark).toBe(1);
  expect(writer.readableHighWaterMark).toBe(1);
});
