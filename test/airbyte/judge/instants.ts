/** Instants as a destination reads them. Shares no code with the tap. */

const instant = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:?\d\d)$/;

/** Whether it is a date-time of RFC 3339 with a valid date. */
export function isInstant(text: string): boolean {
  const [, day = '', time = ''] = instant.exec(text) ?? [];
  const date = new Date(`${day}T${time}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(`${day}T${time}`);
}

/** Microseconds since 1970 of an instant, `undefined` for any other text. */
export function microsOf(text: string): bigint | undefined {
  const [, day = '', time = '', fraction = '', zone = 'Z'] = instant.exec(text) ?? [];
  const seconds = Date.parse(`${day}T${time}${zone.toUpperCase()}`) / 1000;
  if (!isInstant(text) || Number.isNaN(seconds)) return undefined;
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}

/** Converts an integer text to microseconds. Its length determines its unit: seconds, milliseconds or microseconds. */
function microsOfDigits(text: string): bigint {
  if (text.length <= 11) return BigInt(text) * 1_000_000n;
  return text.length <= 14 ? BigInt(text) * 1000n : BigInt(text);
}

/** A cursor as a number that can be compared: an instant, digits of an epoch as text, a plain number. */
export function cursorOf(value: unknown): bigint | undefined {
  if (typeof value === 'number')
    return Number.isFinite(value) ? BigInt(Math.floor(value)) : undefined;
  if (typeof value !== 'string') return undefined;
  return /^\d{1,17}$/.test(value) ? microsOfDigits(value) : microsOf(value);
}
