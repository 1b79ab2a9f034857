/** The normal form, which nearly every value has already; of days only 29 February is left to the calendar. */
const plain =
  /^(?!0000)\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(?!000000)\d{6})?Z$/;

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
  /** 0 to 999999. */
  readonly micros: number;
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
  const micros = Number((match[7] ?? '').slice(0, 6).padEnd(6, '0'));
  return { seconds: date.getTime() / 1000 - offset, micros };
}

function format({ seconds, micros }: Parts): string | undefined {
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  if (year < 1 || year > 9999) return undefined;
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
  return `${date.toISOString().slice(0, 19)}${fraction}Z`;
}

/**
 * Any ISO form as `YYYY-MM-DDTHH:MM:SS[.ffffff]Z` (no fraction when it is zero, else six digits; more
 * are cut). `undefined` for what is no instant of the years 1 to 9999.
 */
export function normalizeInstant(text: string): string | undefined {
  if (plain.test(text)) return text;
  const parts = parse(text);
  return parts && format(parts);
}

/** Microseconds since 1970 of any ISO form; exact from the year 1685 to 2255. */
export function instantToMicros(text: string): number | undefined {
  const parts = parse(text);
  return parts && parts.seconds * 1e6 + parts.micros;
}

/** Microseconds since 1970 as `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`. Throws RangeError outside the years 1 to 9999. */
export function microsToInstant(micros: number): string {
  const seconds = Math.floor(micros / 1e6);
  const text = format({ seconds, micros: Math.round(micros - seconds * 1e6) });
  if (text === undefined)
    throw new RangeError(`${micros} microseconds are no instant of the years 1 to 9999`);
  return text;
}
