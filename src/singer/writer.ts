import { Transform } from 'node:stream';
import { asTapError } from '../core/errors.ts';
import { microsToInstant } from '../core/instant.ts';
import type { JsonObject } from '../core/json.ts';
import type { Message, RecordsMessage, SchemaMessage } from './messages.ts';

/** Approximate size of an output chunk. Chunks of 1 MiB use more memory and are not faster. */
const chunkBytes = 256 * 1024;

/** Maximum number of UTF-8 bytes for one UTF-16 code unit. */
const maxBytesPerUnit = 3;

const lineFeed = 10;

/** Returns the text that ends a record's line, given the record's index and the length of its JSON. */
export type RecordSuffix = (index: number, characters: number) => string;

/**
 * Encodes records as UTF-8 lines of `prefix`, the record's JSON and `suffix`. Yields one chunk, or several chunks of
 * whole lines if one would exceed `maxBytes`.
 *
 * Each record is written directly into the chunk. Joining the texts first, or encoding each text into its own Buffer,
 * takes up to a third longer.
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
      // Count the bytes of a record that fills a chunk: for 30 MB, the estimate would allocate up to 90 MB.
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

/** Converts messages to Singer's JSON lines. Each message becomes few Buffers, so that a page takes few writes. */
export function createSingerWriter(): Transform {
  return new Transform({
    objectMode: true,
    highWaterMark: 1,
    transform(message: Message, _encoding, done) {
      try {
        for (const chunk of messageLines(message)) this.push(chunk);
        done();
      } catch (error) {
        // RangeError: one record exceeds the maximum string length.
        done(asTapError(error, `The ${message.type} message cannot be written`));
      }
    },
  });
}
