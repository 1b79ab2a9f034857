import type { HttpError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ColumnSelection, ReadOptions } from '../stream-definition.ts';

/** The fields of the API that the columns of a stream need. */
export interface FieldSpec {
  /** Fields that the key, the replication key, `prepare` and `identify` need. They are always requested. */
  readonly requiredFields: readonly string[];
  /** Columns that are computed from required fields. The other columns are fields of the API. Default: none. */
  readonly computedColumns?: 'all' | readonly string[];
  /** False for an export without the parameter `fields`, which always sends all fields. Default: true. */
  readonly takesFields?: boolean | undefined;
}

/**
 * The fields to request.
 * @param columns `undefined` means that all columns are selected.
 * @returns `undefined` to request all fields, so that fields that are not in the schema are noticed.
 */
export function fieldsToRequest(
  { requiredFields, computedColumns = [], takesFields = true }: FieldSpec,
  columns: ColumnSelection | undefined,
): readonly string[] | undefined {
  if (!takesFields) return undefined;
  if (computedColumns === 'all') return requiredFields;
  if (columns === undefined) return undefined;
  const isField = (column: string): boolean => !computedColumns.includes(column);
  const fields = new Set([...requiredFields, ...columns.selected.filter(isField)]);
  const isComplete = columns.known.filter(isField).every((column) => fields.has(column));
  return isComplete ? undefined : [...fields];
}

/** Determines the `fields` of requests: a list until the API rejects or ignores it, then all fields. */
export class FieldList {
  readonly #warn: ReadOptions['warn'];
  #fields: readonly string[] | undefined;

  /** @param fields `undefined` means all fields. */
  constructor(fields: readonly string[] | undefined, { warn }: Pick<ReadOptions, 'warn'>) {
    this.#fields = fields;
    this.#warn = warn;
  }

  /** The text between the brackets of `chats(…)`. */
  get current(): string {
    return this.#fields?.join() ?? '*';
  }

  /**
   * @param hasOtherReason Whether the error is probably not about `fields`, unless its text mentions `fields`.
   * @returns Whether to send the same request again, for all fields.
   */
  dropIfRejected(error: HttpError, hasOtherReason: boolean): boolean {
    const { status, isRateLimit } = error;
    if (isRateLimit || (status !== 400 && status !== 422)) return false;
    const isAboutFields = error.mentions('fields') || error.mentions('field');
    if (hasOtherReason && !isAboutFields) return false;
    return this.#drop(`rejects the list of fields (${status})`);
  }

  /**
   * @param field A field that is always requested. The API sends only ids if it ignores a list.
   * @returns like `dropIfRejected`
   */
  dropIfIgnored(items: readonly JsonObject[], field: string): boolean {
    const isIgnored = items.length > 0 && !items.some((item) => field in item);
    return isIgnored && this.#drop('ignores the list of fields');
  }

  #drop(problem: string): boolean {
    if (this.#fields === undefined) return false;
    this.#fields = undefined;
    this.#warn(`the API ${problem}; requesting all fields instead`);
    return true;
  }
}
