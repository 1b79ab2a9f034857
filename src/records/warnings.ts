import { jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { cleanText } from './text.ts';

/**
 * `withheld`: it did not fit and is not put aside either, since it may hold what was not selected. `unsafe-integer`:
 * reading JSON has rounded it. `out-of-range`: no double can hold it. `more-findings`: further ones are not reported.
 */
export type FindingKind =
  | 'unknown-field'
  | 'not-kept'
  | 'withheld'
  | 'unsafe-integer'
  | 'out-of-range'
  | 'cleaned-text'
  | 'more-findings';

/** Something about the values of a stream that its user should know. Never holds the value. */
export interface Finding {
  readonly kind: FindingKind;
  /** JSON Pointer, with `*` for an array index. */
  readonly path: string;
  /** The JSON type that was met. */
  readonly type: string;
}

/**
 * A step of a place in a record: a key, an array index, or `null` for the index that `indexes` holds for
 * the array at this depth, since a place that is known beforehand knows no indexes.
 */
export type Step = string | number | null;

/** Reported paths are remembered, and an object with endless keys must not make memory endless. */
const maxRemembered = 1000;

/** Longer paths are cut: keys may be anything. */
const maxPathCharacters = 300;

const special = /[~/\0\uD800-\uDFFF]/;

function escaped(key: string): string {
  // Nearly every key: a new field may come in each item of a list.
  if (!special.test(key)) return key;
  return cleanText(key).replaceAll('~', '~0').replaceAll('/', '~1');
}

function pattern(place: readonly Step[]): string {
  const steps = place.map((step) => (typeof step === 'string' ? `/${escaped(step)}` : '/*'));
  return steps.join('').slice(0, maxPathCharacters).toWellFormed();
}

export interface NotesOptions {
  /** Gets what was met first at each path. */
  readonly report: (finding: Finding) => void;
  /** Gets every value that became null, or was taken out of its array, by the steps to it. */
  readonly nulled: (steps: readonly (string | number)[]) => void;
  /** False: nothing is put aside. */
  readonly isKeeping: boolean;
}

/** What the coercion of a stream's items says and puts aside in one run. */
export class Notes {
  /** Where we are in each array around the value in hand, the outermost first. */
  readonly indexes: number[] = [];
  readonly isKeeping: boolean;
  readonly #options: NotesOptions;
  readonly #reported = new Set<string>();
  #kept: JsonObject | undefined;

  constructor(options: NotesOptions) {
    this.#options = options;
    this.isKeeping = options.isKeeping;
  }

  report(kind: FindingKind, place: readonly Step[], value: Json): void {
    const { report } = this.#options;
    if (this.#reported.size >= maxRemembered) return;
    const path = pattern(place);
    if (this.#reported.has(path)) return;
    this.#reported.add(path);
    report({ kind, path, type: jsonTypeOf(value) });
    if (this.#reported.size === maxRemembered)
      report({ kind: 'more-findings', path: '', type: '' });
  }

  nulled(place: readonly Step[]): void {
    this.#options.nulled(this.#stepsTo(place));
  }

  /** Puts a value aside, to be found under its pointer. */
  keep(place: readonly Step[], value: Json): void {
    if (!this.isKeeping) return;
    this.#kept ??= {};
    let name = this.#stepsTo(place)
      .map((step) => `/${escaped(String(step))}`)
      .join('');
    // Two keys may differ only in characters that no target can store.
    while (Object.hasOwn(this.#kept, name)) name += '\uFFFD';
    this.#kept[name] = value;
  }

  /** What has been put aside since the last call, as JSON text. */
  takeKept(): string | null {
    const text = this.#kept === undefined ? null : JSON.stringify(this.#kept);
    this.#kept = undefined;
    return text;
  }

  #stepsTo(place: readonly Step[]): (string | number)[] {
    let depth = 0;
    return place.map((step) => step ?? this.indexes[depth++] ?? 0);
  }
}
