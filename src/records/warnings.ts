import { jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { cleanText } from './clean-text.ts';

/**
 * `suppressed`: it did not fit and is not put aside either, since it may hold what was not selected. `unsafe-integer`:
 * reading JSON has rounded it. `out-of-range`: no double can hold it. `more-mismatches`: further ones are not reported.
 */
export type SchemaMismatchKind =
  | 'unknown-field'
  | 'not-kept'
  | 'suppressed'
  | 'unsafe-integer'
  | 'out-of-range'
  | 'cleaned-text'
  | 'more-mismatches';

/** Something about the values of a stream that its user should know. Never holds the value. */
export interface SchemaMismatch {
  readonly kind: SchemaMismatchKind;
  /** JSON Pointer, with `*` for an array index. */
  readonly path: string;
  /** The JSON type that was met. */
  readonly type: string;
}

/**
 * A segment of a path in a record: a key, an array index, or `null` for the index that `indexes` holds for
 * the array at this depth, since a path that is known beforehand knows no indexes.
 */
export type PathSegment = string | number | null;
export type RecordPath = readonly PathSegment[];

/** Reported paths are remembered, and an object with endless keys must not make memory endless. */
const maxReportedPaths = 1000;

/** Longer paths are cut: keys may be anything. */
const maxPathCharacters = 300;

const charactersToEscape = /[~/\0\uD800-\uDFFF]/;

function escapeSegment(key: string): string {
  // Nearly every key: a new field may come in each item of a list.
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
  /** Gets what was met first at each path. */
  readonly onMismatch: (mismatch: SchemaMismatch) => void;
  /** Gets the path of each further value at a path that was reported. */
  readonly onRepeatedMismatch?: (path: string) => void;
  /** Gets every value that became null, or was taken out of its array, by the path to it. */
  readonly onNulled: (path: readonly (string | number)[]) => void;
  /** False: nothing is put aside. */
  readonly keepsRaw: boolean;
}

/** What the coercion of a stream's items says and puts aside in one run. */
export class RecordWarnings {
  /** Where we are in each array around the value in hand, the outermost first. */
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

  /** Puts a value aside, to be found under its pointer. */
  keepRaw(path: RecordPath, value: Json): void {
    if (!this.keepsRaw) return;
    this.#raw ??= {};
    const segments = this.#resolvePath(path).map(String);
    let name = segments.map((segment) => `/${escapeSegment(segment)}`).join('');
    // Two keys may differ only in characters that no target can store.
    while (Object.hasOwn(this.#raw, name)) name += '\uFFFD';
    this.#raw[name] = value;
  }

  /** What has been put aside since the last call, as JSON text. */
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
