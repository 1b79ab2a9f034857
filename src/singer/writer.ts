import { Transform } from 'node:stream';
import { asTapError } from '../errors.ts';
import { microsToInstant } from '../instant.ts';
import type { JsonObject } from '../json.ts';
import type { Message, RecordsMessage, SchemaMessage } from './messages.ts';

/**
 * A joined page is cut into texts of about this many characters. V8 counts a longer one among what is
 * old, where garbage stays far longer: pieces of a whole page take a third more memory.
 */
const pieceCharacters = 256 * 1024;

/** What closes the line of the record at this place, whose JSON has so many characters. */
export type RecordSuffix = (index: number, characters: number) => string;

/**
 * A page's records as lines, each between `prefix` and `suffix`, which closes the message. One text for
 * all of them, or several, each of whole lines, when they are too many characters.
 */
export function* recordLines(
  prefix: string,
  records: readonly JsonObject[],
  suffix: string | RecordSuffix = '}',
  maxCharacters: number = pieceCharacters,
): Generator<string, void, undefined> {
  const suffixAt = typeof suffix === 'function' ? suffix : undefined;
  const end = typeof suffix === 'function' ? '' : suffix;
  let texts: string[] = [];
  let characters = 0;
  const join = (): string => `${prefix}${texts.join(`${end}\n${prefix}`)}${end}\n`;
  for (const [index, record] of records.entries()) {
    const json = JSON.stringify(record);
    const text = suffixAt === undefined ? json : json + suffixAt(index, json.length);
    if (characters > 0 && characters + text.length > maxCharacters) {
      yield join();
      texts = [];
      characters = 0;
    }
    texts.push(text);
    characters += text.length + prefix.length + end.length + 1;
  }
  if (texts.length > 0) yield join();
}

/** A SCHEMA message; `bookmark_properties` only of columns that exist. */
export function schemaLine({
  stream,
  schema,
  keyProperties,
  bookmarkProperties,
}: Omit<SchemaMessage, 'type'>): string {
  const columns = bookmarkProperties.filter((name) => schema.properties?.[name] !== undefined);
  const message = {
    type: 'SCHEMA',
    stream,
    schema,
    key_properties: keyProperties,
    ...(columns.length > 0 && { bookmark_properties: columns }),
  };
  return `${JSON.stringify(message)}\n`;
}

function recordPrefix({ stream, timeExtractedMs }: RecordsMessage): string {
  const time = microsToInstant(Math.floor(timeExtractedMs) * 1000);
  return `{"type":"RECORD","stream":${JSON.stringify(stream)},"time_extracted":"${time}","record":`;
}

function* lines(message: Message): Generator<string, void, undefined> {
  switch (message.type) {
    case 'SCHEMA':
      yield schemaLine(message);
      return;
    case 'RECORDS':
      yield* recordLines(recordPrefix(message), message.records);
      return;
    case 'STATE':
      yield `{"type":"STATE","value":${JSON.stringify(message.value)}}\n`;
      return;
    case 'STATUS':
    // Singer has no message for it.
  }
}

/** Messages in, Singer's lines out: one Buffer a message, so that a page is one write. */
export function createSingerWriter(): Transform {
  return new Transform({
    objectMode: true,
    highWaterMark: 1,
    transform(message: Message, _encoding, done) {
      try {
        for (const text of lines(message)) this.push(Buffer.from(text));
        done();
      } catch (error) {
        // A RangeError: one record alone is longer than a text may be.
        done(asTapError(error, `A record of ${message.type} cannot be written`));
      }
    },
  });
}
