import { Transform } from 'node:stream';
import { asTapError } from '../core/errors.ts';
import { microsToInstant } from '../core/instant.ts';
import type { JsonObject } from '../core/json.ts';
import type { Message, RecordsMessage, SchemaMessage } from './messages.ts';

/** A page leaves in chunks of about this many bytes: ones of a MiB take more memory and no less time. */
const chunkBytes = 256 * 1024;

/** Bytes of a character in UTF-8 at most, by UTF-16 units. */
const maxBytesPerUnit = 3;

const lineFeed = 10;

/** What closes the line of the record at this place, whose JSON has so many characters. */
export type RecordSuffix = (index: number, characters: number) => string;

/**
 * A page's records as lines in UTF-8, each between `prefix` and `suffix`, which closes the message. One chunk
 * for all of them, or several, each of whole lines, when they are too many bytes.
 *
 * Each record's text is encoded where it will leave from: to join a page's texts first, or to encode each for
 * itself, takes up to a third more of the time that making the texts takes.
 */
export function* recordLines(
  prefix: string,
  records: readonly JsonObject[],
  suffix: string | RecordSuffix = '}',
  maxBytes: number = chunkBytes,
): Generator<Buffer, void, undefined> {
  const start = Buffer.from(prefix);
  const suffixAt = typeof suffix === 'function' ? suffix : () => suffix;
  let chunk = Buffer.alloc(0);
  let length = 0;
  for (const [index, record] of records.entries()) {
    const json = JSON.stringify(record);
    const end = suffixAt(index, json.length);
    const maxLineBytes = start.length + (json.length + end.length) * maxBytesPerUnit + 1;
    if (length + maxLineBytes > chunk.length) {
      if (length > 0) yield chunk.subarray(0, length);
      length = 0;
      const wanted = Math.min(maxBytes, maxLineBytes * (records.length - index));
      // Of a record that fills a chunk of its own the bytes are counted: three times 30 MB are no guess.
      const needed = maxLineBytes > maxBytes ? Buffer.byteLength(prefix + json + end) + 1 : wanted;
      chunk = Buffer.allocUnsafeSlow(needed);
    }
    length += start.copy(chunk, length);
    length += chunk.write(json, length);
    length += chunk.write(end, length);
    chunk[length++] = lineFeed;
  }
  if (length > 0) yield chunk.subarray(0, length);
}

export function schemaLine(message: Omit<SchemaMessage, 'type'>): string {
  const { stream, schema, keyProperties, bookmarkProperties } = message;
  const line = {
    type: 'SCHEMA',
    stream,
    schema,
    key_properties: keyProperties,
    ...(bookmarkProperties.length > 0 && { bookmark_properties: bookmarkProperties }),
  };
  return `${JSON.stringify(line)}\n`;
}

function recordPrefix({ stream, timeExtractedMs }: RecordsMessage): string {
  const time = microsToInstant(Math.floor(timeExtractedMs) * 1000);
  return `{"type":"RECORD","stream":${JSON.stringify(stream)},"time_extracted":"${time}","record":`;
}

/** Singer has no message for a STATUS. */
function* messageLines(message: Message): Generator<Buffer, void, undefined> {
  if (message.type === 'SCHEMA') yield Buffer.from(schemaLine(message));
  else if (message.type === 'RECORDS') yield* recordLines(recordPrefix(message), message.records);
  else if (message.type === 'STATE')
    yield Buffer.from(`{"type":"STATE","value":${JSON.stringify(message.value)}}\n`);
}

/** Messages in, Singer's lines out: few Buffers a message, so that a page is few writes. */
export function createSingerWriter(): Transform {
  return new Transform({
    objectMode: true,
    highWaterMark: 1,
    transform(message: Message, _encoding, done) {
      try {
        for (const chunk of messageLines(message)) this.push(chunk);
        done();
      } catch (error) {
        // A RangeError: one record alone is longer than a text may be.
        done(asTapError(error, `A record of ${message.type} cannot be written`));
      }
    },
  });
}
