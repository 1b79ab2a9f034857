import type { Json, JsonObject } from '../json.ts';
import { jsonTypeOf } from '../json.ts';
import { cleanText } from './text.ts';

/**
 * What was met in a value: a field the schema does not know; a value its column could not hold; one that
 * is not put aside either, since it may hold what was not selected; an integer that reading JSON has
 * rounded; a number that no double can hold; text that was cleaned. `more-findings` comes once, when so many have been reported that no
 * further ones will be.
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

/** What a coercion says and puts aside about the record in hand. */
export interface Notes {
  /** Where we are in each array around the value in hand, the outermost first. */
  readonly indexes: number[];
  /** False: nothing is put aside. */
  readonly isKeeping: boolean;
  /** Reports once for each path: what was met there first. */
  report(kind: FindingKind, place: readonly Step[], value: Json): void;
  /** A value became null, or was taken out of its array. */
  nulled(place: readonly Step[]): void;
  /** Puts a value aside, to be found under its pointer. */
  keep(place: readonly Step[], value: Json): void;
  /** What has been put aside since the last call, as JSON text. */
  takeKept(): string | null;
}

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

/** Whom the notes of a stream are told. */
export interface NotesOptions {
  /** Each path once. */
  readonly report: (finding: Finding) => void;
  /** Every value that becomes null, by the steps to it. */
  readonly nulled: (steps: readonly (string | number)[]) => void;
  /** False: nothing is put aside. */
  readonly isKeeping: boolean;
}

/** Notes of one stream in one run. */
export function createNotes({ report, nulled, isKeeping }: NotesOptions): Notes {
  const reported = new Set<string>();
  const indexes: number[] = [];
  let kept: JsonObject | undefined;
  const stepsTo = (place: readonly Step[]): (string | number)[] => {
    let depth = 0;
    return place.map((step) => step ?? indexes[depth++] ?? 0);
  };
  const pointer = (place: readonly Step[]): string => {
    const steps = stepsTo(place).map((step) => `/${escaped(String(step))}`);
    return steps.join('');
  };
  return {
    indexes,
    isKeeping,
    report(kind, place, value) {
      if (reported.size >= maxRemembered) return;
      const path = pattern(place);
      if (reported.has(path)) return;
      reported.add(path);
      report({ kind, path, type: jsonTypeOf(value) });
      if (reported.size === maxRemembered) report({ kind: 'more-findings', path: '', type: '' });
    },
    nulled(place) {
      nulled(stepsTo(place));
    },
    keep(place, value) {
      if (!isKeeping) return;
      kept ??= {};
      let name = pointer(place);
      // Two keys may differ only in characters that no target can store.
      while (Object.hasOwn(kept, name)) name += '\uFFFD';
      kept[name] = value;
    },
    takeKept() {
      const text = kept === undefined ? null : JSON.stringify(kept);
      kept = undefined;
      return text;
    },
  };
}
