import { HttpError, type TapError } from '../errors.ts';
import type { Query } from '../http/client.ts';
import { microsToInstant } from '../instant.ts';
import { jsonText, type Json, type JsonObject } from '../json.ts';
import type { PageLimitKey, ReadOptions } from './definition.ts';
import type { BookmarkSpec, Place } from './export-bookmark.ts';
import { readEnvelope, type ExportAnswer } from './export-envelope.ts';
import { PageLimit } from './page-limit.ts';
import { createListWarning, namedLists } from './shape.ts';

/** Items a page of an export holds at most (API page "incremental export"). */
const fullLimit = 1000;

/** A start younger than this may be refused by a server whose clock or rule differs from what we know. */
const youngMs = 900_000;

export interface ExportRequestSpec extends BookmarkSpec {
  /** Key of the list in the answer and word in `fields`. */
  readonly name: string;
  readonly path: string;
  /** Without one full pages are asked for. */
  readonly limit?: PageLimitKey;
}

export interface DatedAnswer extends ExportAnswer {
  readonly receivedMs: number;
  /** Those of its items whose bytes are no text. */
  readonly broken?: ReadonlySet<JsonObject>;
}

export interface ExportRequests {
  /**
   * @param isProbe the page is only looked at, not read
   * @returns `undefined` when the API refuses the time as too young, though it answers an earlier one
   * @throws TapError; see readEnvelope and the HTTP client
   */
  ask(place: Place, isProbe: boolean): Promise<DatedAnswer | undefined>;
}

/** How the pages of one export are being asked for. */
interface Asking {
  readonly spec: ExportRequestSpec;
  readonly options: ReadOptions;
  readonly limit: PageLimit;
  /** Where the server gives no end_id, a page of one item could not lead on. */
  smallest: number;
  readonly warnOfLists: (names: readonly string[]) => void;
}

/** Asks for the pages of one export: our own query always, smaller where a page does not get through. */
export function createExportRequests(
  spec: ExportRequestSpec,
  options: ReadOptions,
): ExportRequests {
  const { api, settings, warn } = options;
  const most = spec.limit === undefined ? fullLimit : settings[spec.limit];
  const limit = new PageLimit({ most, api, warn });
  const asking: Asking = {
    spec,
    options,
    limit,
    smallest: 1,
    warnOfLists: createListWarning(warn),
  };
  return { ask: (place, isProbe) => ask(asking, place, isProbe) };
}

async function ask(
  asking: Asking,
  place: Place,
  isProbe: boolean,
): Promise<DatedAnswer | undefined> {
  const { spec, options, limit } = asking;
  try {
    const { body, receivedMs } = await options.api.get(spec.path, queryOf(asking, place), {
      answerKeys: [spec.name],
      revise: async (error) => {
        const isLower = await limit.lower(error, told(place, spec), asking.smallest);
        if (isLower) return queryOf(asking, place);
        // No smaller page can be asked for, and this one stays as it is.
        if (isPassedOver(error, asking)) throw error;
        return undefined;
      },
    });
    const answer = answerIn(body, asking, place, isProbe);
    asking.warnOfLists(namedLists(spec.name).unread(body));
    if (answer.items.length > 0) limit.worked();
    if (answer.position !== undefined) asking.smallest = answer.position.endId === null ? 2 : 1;
    return { ...answer, receivedMs };
  } catch (error) {
    // A 400 may mean that the start is too young; any other failure is told with its position.
    if (!(error instanceof HttpError)) throw error;
    if (!isProbe && isPassedOver(error, asking)) return passOver(asking, place, error);
    const earlier = tooYoung(error, place, asking);
    if (earlier === undefined) throw withPosition(error, place, spec);
    await options.api.get(spec.path, queryOf(asking, earlier), { answerKeys: [spec.name] });
    options.warn(
      `the API refuses to be read up to ${told(place, spec)} although that is more than five ` +
        'minutes old; the stream ends here and goes on from its bookmark in the next run',
    );
    return undefined;
  }
}

function answerIn(
  body: Json,
  { spec, limit }: Asking,
  place: Place,
  isProbe = false,
): ExportAnswer {
  return readEnvelope(body, spec.name, spec.unit, { ...place, limit: limit.current, isProbe });
}

/** Are the bytes of the one item that is asked for no text, and does the user want all others? */
function isPassedOver({ failure }: HttpError, { options, limit, smallest }: Asking): boolean {
  const isAlone = limit.current <= smallest;
  return failure === 'not-text' && isAlone && options.settings.on_bad_item === 'warn';
}

/** The same page with U+FFFD for the bytes that are no text: its envelope says where the next one begins. */
async function passOver(asking: Asking, place: Place, error: HttpError): Promise<DatedAnswer> {
  const { spec, options } = asking;
  const { body, receivedMs } = await options.api.get(spec.path, queryOf(asking, place), {
    answerKeys: [spec.name],
    replacesInvalidBytes: true,
  });
  let answer: ExportAnswer;
  try {
    answer = answerIn(body, asking, place);
  } catch {
    // It does not lead on: what is wrong with it are its bytes.
    throw withPosition(error, place, spec);
  }
  const broken = new Set(answer.items.filter((item) => jsonText(item).includes('\uFFFD')));
  return { ...answer, receivedMs, broken };
}

function queryOf({ spec, limit }: Asking, { time, startId }: Place): Query {
  const query = { fields: `${spec.name}(*)`, limit: limit.current, start_time: time };
  return startId === null ? query : { ...query, start_id: startId };
}

/** Was the start refused for being too young? Then a start that is old enough by the server's clock. */
function tooYoung(
  error: HttpError,
  place: Place,
  { spec: { unit }, options }: Asking,
): Place | undefined {
  const serverMs = error.serverTimeMs ?? options.now();
  const oldestYoung = Math.floor(((serverMs - youngMs) * 1000) / unit.micros);
  if (error.status !== 400 || place.time <= oldestYoung) return undefined;
  return { time: oldestYoung, startId: null };
}

/** A place for people and for a request. */
export function told({ time }: Pick<Place, 'time'>, { unit }: ExportRequestSpec): string {
  return `${microsToInstant(time * unit.micros)} (start_time ${time})`;
}

function withPosition(error: HttpError, place: Place, spec: ExportRequestSpec): TapError {
  if (error.status === 401 || error.status === 403 || error.status === 404) return error;
  return error.retold(`${error.message} (reading from ${told(place, spec)})`);
}
