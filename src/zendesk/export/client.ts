import { HttpError, type TapError } from '../../core/errors.ts';
import type { HttpAnswer, Query } from '../../http/transport.ts';
import { microsToInstant } from '../../core/instant.ts';
import { jsonText, type Json, type JsonObject } from '../../core/json.ts';
import type { AskOptions } from '../api.ts';
import type { PageLimitKey, ReadOptions } from '../stream-definition.ts';
import type { BookmarkSpec, Place } from './bookmark.ts';
import { readEnvelope, type ExportAnswer } from './response.ts';
import { PageLimit } from '../page-limit.ts';
import { createListWarning, namedLists } from '../response-shape.ts';

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

/** Asks for the pages of one export: our own query always, smaller where a page does not get through. */
export class ExportRequests {
  readonly #spec: ExportRequestSpec;
  readonly #options: ReadOptions;
  readonly #limit: PageLimit;
  readonly #warnOfLists: (names: readonly string[]) => void;
  /** Where the server gives no end_id, a page of one item could not lead on. */
  #smallest = 1;

  constructor(spec: ExportRequestSpec, options: ReadOptions) {
    const most = spec.limit === undefined ? fullLimit : options.settings[spec.limit];
    this.#spec = spec;
    this.#options = options;
    this.#limit = new PageLimit(most, options);
    this.#warnOfLists = createListWarning(options.warn);
  }

  /**
   * @param isProbe the page is only looked at, not read
   * @returns `undefined` when the API refuses the time as too young, though it answers an earlier one
   * @throws TapError; see readEnvelope and the HTTP client
   */
  async ask(place: Place, isProbe: boolean): Promise<DatedAnswer | undefined> {
    const spec = this.#spec;
    try {
      const { body, receivedMs } = await this.#get(place, {
        revise: (error) => this.#revise(error, place),
      });
      const answer = this.#read(body, place, isProbe);
      this.#warnOfLists(namedLists(spec.name).unread(body));
      if (answer.items.length > 0) this.#limit.worked();
      if (answer.position !== undefined) this.#smallest = answer.position.endId === null ? 2 : 1;
      return { ...answer, receivedMs };
    } catch (error) {
      // A 400 may mean that the start is too young; any other failure gets its position.
      if (!(error instanceof HttpError)) throw error;
      if (!isProbe && this.#isPassedOver(error)) return this.#passOver(place, error);
      const earlier = this.#tooYoung(error, place);
      if (earlier === undefined) throw withPosition(error, place, spec);
      await this.#get(earlier);
      this.#options.warn(
        `the API refuses to be read up to ${told(place, spec)} although that is more than five ` +
          'minutes old; the stream ends here and goes on from its bookmark in the next run',
      );
      return undefined;
    }
  }

  #get(place: Place, options: AskOptions = {}): Promise<HttpAnswer> {
    const { path, name } = this.#spec;
    return this.#options.api.get(path, this.#queryOf(place), { answerKeys: [name], ...options });
  }

  #queryOf({ time, startId }: Place): Query {
    const { name } = this.#spec;
    const query = { fields: `${name}(*)`, limit: this.#limit.current, start_time: time };
    return startId === null ? query : { ...query, start_id: startId };
  }

  async #revise(error: HttpError, place: Place): Promise<Query | undefined> {
    const isLower = await this.#limit.lower(error, told(place, this.#spec), this.#smallest);
    if (isLower) return this.#queryOf(place);
    // No smaller page can be asked for, and this one stays as it is.
    if (this.#isPassedOver(error)) throw error;
    return undefined;
  }

  #read(body: Json, place: Place, isProbe: boolean): ExportAnswer {
    const { name, unit } = this.#spec;
    return readEnvelope(body, name, unit, { ...place, limit: this.#limit.current, isProbe });
  }

  /** Are the bytes of the one item that is asked for no text, and does the user want all others? */
  #isPassedOver({ failure }: HttpError): boolean {
    const isAlone = this.#limit.current <= this.#smallest;
    return failure === 'not-text' && isAlone && this.#options.settings.on_bad_item === 'warn';
  }

  /** The same page with U+FFFD for the bytes that are no text: its envelope says where the next one begins. */
  async #passOver(place: Place, error: HttpError): Promise<DatedAnswer> {
    const { body, receivedMs } = await this.#get(place, { replacesInvalidBytes: true });
    let answer: ExportAnswer;
    try {
      answer = this.#read(body, place, false);
    } catch {
      // It does not lead on: what is wrong with it are its bytes.
      throw withPosition(error, place, this.#spec);
    }
    const broken = new Set(answer.items.filter((item) => jsonText(item).includes('\uFFFD')));
    return { ...answer, receivedMs, broken };
  }

  /** Was the start refused for being too young? Then a start that is old enough by the server's clock. */
  #tooYoung(error: HttpError, place: Place): Place | undefined {
    const serverMs = error.serverTimeMs ?? this.#options.now();
    const oldestYoung = Math.floor(((serverMs - youngMs) * 1000) / this.#spec.unit.micros);
    if (error.status !== 400 || place.time <= oldestYoung) return undefined;
    return { time: oldestYoung, startId: null };
  }
}

/** A place for people and for a request. */
export function told({ time }: Pick<Place, 'time'>, { unit }: ExportRequestSpec): string {
  return `${microsToInstant(time * unit.micros)} (start_time ${time})`;
}

function withPosition(error: HttpError, place: Place, spec: ExportRequestSpec): TapError {
  if (error.status === 401 || error.status === 403 || error.status === 404) return error;
  return error.withMessage(`${error.message} (reading from ${told(place, spec)})`);
}
