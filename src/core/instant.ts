/** The format of instants in records, which most values already have. 29 February does not match and is parsed. */
const plain =
  /^(?!0000)\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;

/**
 * All ISO formats that the API, old taps or users write: a date without a time; `T` or a space; with or without seconds
 * and up to 9 fraction digits; `Z`, an offset, the API's own `+00:00Z` (observed in offline messages), or no time zone,
 * which means UTC.
 */
const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(?:([+-])(\d{2})(?::?(\d{2}))?Z?|[Zz])?)?$/;

interface Parts {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  /** 0 to 9 digits after the decimal point. */
  readonly fraction: string;
}

function parse(text: string): Parts | undefined {
  const match = iso.exec(text.trim());
  if (match === null) return undefined;
  const at = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [at(1), at(2), at(3), at(4), at(5), at(6)];
  if (hour > 23 || minute > 59 || second > 59 || at(9) > 23 || at(10) > 59) return undefined;
  // Date turns 30 February into a day in March, so compare the result with the input.
  const date = new Date(Date.UTC(2000, 0, 1, hour, minute, second));
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = (at(9) * 3600 + at(10) * 60) * (match[8] === '-' ? -1 : 1);
  const seconds = date.getTime() / 1000 - offset;
  return isKnownYear(seconds) ? { seconds, fraction: match[7] ?? '' } : undefined;
}

/** Whether the time is in the years 1 to 9999. Other years do not have four digits. */
function isKnownYear(seconds: number): boolean {
  return seconds >= -62_135_596_800 && seconds < 253_402_300_800;
}

function format({ seconds, fraction }: Parts): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`;
}

/** The largest double below the year 10000, in microseconds. */
const lastMicros = 253_402_300_799_999_968;

/**
 * Parses any ISO format to microseconds since 1970, and drops further digits. Exact from the year 1685 to 2255. Returns
 * `undefined` for anything else and for years outside 1 to 9999.
 */
export function instantToMicros(text: string): number | undefined {
  const parts = parse(text);
  if (parts === undefined) return undefined;
  const micros = parts.seconds * 1e6 + Number(parts.fraction.slice(0, 6).padEnd(6, '0'));
  return Math.min(micros, lastMicros);
}

/** Microseconds since 1970 as `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`. @throws RangeError outside the years 1 to 9999 */
export function microsToInstant(micros: number): string {
  const seconds = Math.floor(micros / 1e6);
  const rest = Math.round(micros - seconds * 1e6);
  if (!isKnownYear(seconds))
    throw new RangeError(`${micros} microseconds is outside the years 1 to 9999`);
  return format({ seconds, fraction: rest === 0 ? '' : String(rest).padStart(6, '0') });
}

/**
 * Converts a time in digits to microseconds since 1970. The unit depends on the number of digits: up to 11 are seconds,
 * 12 to 14 milliseconds, 15 to 17 microseconds. Returns `undefined` for any other string.
 */
export function epochToMicros(digits: string): number | undefined {
  if (!/^\d{1,17}$/.test(digits)) return undefined;
  if (digits.length <= 11) return Number(digits) * 1e6;
  return digits.length <= 14 ? Number(digits) * 1e3 : Number(digits);
}

/** Times from September 2001 to 2286. Fewer digits are ambiguous: 20240101 is probably a date. */
const certainEpoch = /^[1-9](?:\d{9}|\d{12}|\d{15})$/;

function certainEpochToMicros(value: unknown): number | undefined {
  const digits = Number.isSafeInteger(value) ? String(value) : value;
  return typeof digits === 'string' && certainEpoch.test(digits)
    ? epochToMicros(digits)
    : undefined;
}

/** Converts a time in an item to microseconds since 1970: any ISO format, or 10, 13 or 16 digits. */
export function timeToMicros(value: unknown): number | undefined {
  const micros = certainEpochToMicros(value);
  return micros ?? (typeof value === 'string' ? instantToMicros(value) : undefined);
}

/**
 * Converts a time in an item to `YYYY-MM-DDTHH:MM:SS[.f]Z`. Accepts any ISO format, and keeps all digits of the
 * fraction, including zeros. 10, 13 or 16 digits are seconds, milliseconds or microseconds since 1970. Returns
 * `undefined` for anything else and for years outside 1 to 9999.
 */
export function normalizeInstant(value: unknown): string | undefined {
  if (typeof value === 'string' && plain.test(value)) return value;
  const micros = certainEpochToMicros(value);
  if (micros !== undefined) return microsToInstant(micros);
  const parts = typeof value === 'string' ? parse(value) : undefined;
  return parts && format(parts);
}
