import { jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { cleanText } from './clean-text.ts';

/**
 * `not-kept`: the column cannot hold the value, so additional_fields keeps it. `suppressed`: the column cannot hold the
 * value, and it is dropped because it may contain unselected properties. `unsafe-integer`: JSON.parse rounded the value.
 * `out-of-range`: too large for a double. `more-mismatches`: no further paths are reported.
 */
export type SchemaMismatchKind =
  | 'unknown-field'
  | 'not-kept'
  | 'suppressed'
  | 'unsafe-integer'
  | 'out-of-range'
  | 'cleaned-text'
  | 'more-mismatches';

/** A value that does not match the stream's schema. Never contains the value itself. */
export interface SchemaMismatch {
  readonly kind: SchemaMismatchKind;
  /** JSON Pointer, with `*` for an array index. */
  readonly path: string;
  /** The JSON type of the value. */
  readonly type: string;
}

/**
 * A segment of a path in a record: a key, an array index, or `null` for the current index in the array at this depth,
 * which is in `RecordWarnings.indexes`. Compiled paths contain `null`, because they do not know the index.
 */
export type PathSegment = string | number | null;
export type RecordPath = readonly PathSegment[];

/** Limits the memory for reported paths: an object may have any number of keys. */
export const maxReportedPaths = 1000;

/** Longer paths are truncated, because a key may have any length. */
const maxPathCharacters = 300;

const charactersToEscape = /[~/\0\uD800-\uDFFF]/;

function escapeSegment(key: string): string {
  // Fast path for almost every key: an unknown field may occur in each item of an array.
  if (!charactersToEscape.test(key)) return key;
  return cleanText(key).replaceAll('~', '~0').replaceAll('/', '~1');
}

function jsonPointer(path: RecordPath): string {
  const segments = path.map((segment) =>
    typeof segment === 'string' ? `/${escapeSegment(segment)}` : '/*',
  );
  return segments.join('').slice(0, maxPathCharacters).toWellFormed();
}

export interface RecordWarningsOptions {
  /** Receives the first mismatch at each path. */
  readonly onMismatch: (mismatch: SchemaMismatch) => void;
  /** Receives the path of each further mismatch at a reported path. */
  readonly onRepeatedMismatch?: (path: string) => void;
  /** Receives the path of every value that was replaced by null or removed from its array. */
  readonly onNulled: (path: readonly (string | number)[]) => void;
  /** Whether the record has the column additional_fields. */
  readonly keepsRaw: boolean;
}

/** Collects the mismatches of a stream and the values for the additional_fields of the current record. */
export class RecordWarnings {
  /** The current index in each enclosing array, the outermost first. */
  readonly indexes: number[] = [];
  readonly keepsRaw: boolean;
  readonly #options: RecordWarningsOptions;
  readonly #reported = new Set<string>();
  #raw: JsonObject | undefined;

  constructor(options: RecordWarningsOptions) {
    this.#options = options;
    this.keepsRaw = options.keepsRaw;
  }

  report(kind: SchemaMismatchKind, path: RecordPath, value: Json): void {
    const { onMismatch, onRepeatedMismatch } = this.#options;
    const pointer = jsonPointer(path);
    if (this.#reported.has(pointer)) return onRepeatedMismatch?.(pointer);
    if (this.#reported.size >= maxReportedPaths) return;
    this.#reported.add(pointer);
    onMismatch({ kind, path: pointer, type: jsonTypeOf(value) });
    if (this.#reported.size === maxReportedPaths)
      onMismatch({ kind: 'more-mismatches', path: '', type: '' });
  }

  reportNulled(path: RecordPath): void {
    this.#options.onNulled(this.#resolvePath(path));
  }

  /** Keeps a value for additional_fields, under its JSON Pointer. */
  keepRaw(path: RecordPath, value: Json): void {
    if (!this.keepsRaw) return;
    this.#raw ??= {};
    const segments = this.#resolvePath(path).map(String);
    let name = segments.map((segment) => `/${escapeSegment(segment)}`).join('');
    // Different keys may be equal after cleanText.
    while (Object.hasOwn(this.#raw, name)) name += '\uFFFD';
    this.#raw[name] = value;
  }

  /** Returns the values kept since the last call as JSON text, or null if there are none. */
  takeRaw(): string | null {
    const text = this.#raw === undefined ? null : JSON.stringify(this.#raw);
    this.#raw = undefined;
    return text;
  }

  #resolvePath(path: RecordPath): (string | number)[] {
    let depth = 0;
    return path.map((segment) => segment ?? this.indexes[depth++] ?? 0);
  }
}
