/** The normal form, which nearly every value has already; of days only 29 February is left to the calendar. */
const plain =
  /^(?!0000)\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;

/**
 * Any ISO form the API, the old taps or a person writes: a date alone; `T` or a blank; minutes, seconds
 * and 0 to 9 fraction digits or not; `Z`, an offset, the API's own `+00:00Z` (recorded for offline
 * messages), or no zone, which means UTC.
 */
const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(?:([+-])(\d{2})(?::?(\d{2}))?Z?|[Zz])?)?$/;

interface Parts {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  /** The digits of the fraction: 0 to 9 of them. */
  readonly fraction: string;
}

function parse(text: string): Parts | undefined {
  const match = iso.exec(text.trim());
  if (match === null) return undefined;
  const at = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [at(1), at(2), at(3), at(4), at(5), at(6)];
  if (hour > 23 || minute > 59 || second > 59 || at(9) > 23 || at(10) > 59) return undefined;
  // Date rolls 30 February over into March: what does not come back as it went in is no date.
  const date = new Date(Date.UTC(2000, 0, 1, hour, minute, second));
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = (at(9) * 3600 + at(10) * 60) * (match[8] === '-' ? -1 : 1);
  const seconds = date.getTime() / 1000 - offset;
  return isKnownYear(seconds) ? { seconds, fraction: match[7] ?? '' } : undefined;
}

/** The seconds of the years 1 to 9999: others have no ISO form of four digits. */
function isKnownYear(seconds: number): boolean {
  return seconds >= -62_135_596_800 && seconds < 253_402_300_800;
}

function format({ seconds, fraction }: Parts): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`;
}

/** The last number of microseconds before the year 10000 that a double can hold. */
const lastMicros = 253_402_300_799_999_968;

/**
 * Microseconds since 1970 of any ISO form, more digits cut; exact from the year 1685 to 2255. `undefined` for what
 * is no instant of the years 1 to 9999.
 */
export function instantToMicros(text: string): number | undefined {
  const parts = parse(text);
  if (parts === undefined) return undefined;
  const micros = parts.seconds * 1e6 + Number(parts.fraction.slice(0, 6).padEnd(6, '0'));
  return Math.min(micros, lastMicros);
}

/** Microseconds since 1970 as `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`. Throws RangeError outside the years 1 to 9999. */
export function microsToInstant(micros: number): string {
  const seconds = Math.floor(micros / 1e6);
  const rest = Math.round(micros - seconds * 1e6);
  if (!isKnownYear(seconds))
    throw new RangeError(`${micros} microseconds are no instant of the years 1 to 9999`);
  return format({ seconds, fraction: rest === 0 ? '' : String(rest).padStart(6, '0') });
}

/**
 * Microseconds since 1970 of a time in whole digits, whose number tells the unit: up to 11 seconds, 12 to 14
 * milliseconds, 15 to 17 microseconds. `undefined` for any other text.
 */
export function epochToMicros(digits: string): number | undefined {
  if (!/^\d{1,17}$/.test(digits)) return undefined;
  if (digits.length <= 11) return Number(digits) * 1e6;
  return digits.length <= 14 ? Number(digits) * 1e3 : Number(digits);
}

/** As many digits as times have from September 2001 to 2286: 20240101 is a date rather than a time of 1970. */
const certainEpoch = /^[1-9](?:\d{9}|\d{12}|\d{15})$/;

function certainEpochToMicros(value: unknown): number | undefined {
  const digits = Number.isSafeInteger(value) ? String(value) : value;
  return typeof digits === 'string' && certainEpoch.test(digits)
    ? epochToMicros(digits)
    : undefined;
}

/** Microseconds since 1970 of a time in an item: any ISO form, or 10, 13 or 16 whole digits. */
export function timeToMicros(value: unknown): number | undefined {
  const micros = certainEpochToMicros(value);
  return micros ?? (typeof value === 'string' ? instantToMicros(value) : undefined);
}

/**
 * A time in an item as `YYYY-MM-DDTHH:MM:SS[.f]Z`. Of any ISO form all digits of the fraction stay, zeros too; 10,
 * 13 or 16 whole digits are seconds, milliseconds or microseconds since 1970. `undefined` for what is no
 * instant of the years 1 to 9999.
 */
export function normalizeInstant(value: unknown): string | undefined {
  if (typeof value === 'string' && plain.test(value)) return value;
  const micros = certainEpochToMicros(value);
  if (micros !== undefined) return microsToInstant(micros);
  const parts = typeof value === 'string' ? parse(value) : undefined;
  return parts && format(parts);
}
