/** How each target stores a value. */
import type { Form } from './stored.ts';

/**
 * Empty strings become NULL, and control characters their JSON escapes. More than six fraction digits are rounded.
 */
export const asPipelinewise: Form = (value, kind) => {
  if (kind === 'date-time')
    return value.replace(/\.\d+/, (digits: string) => Number(digits).toFixed(6).slice(1));
  if (kind !== 'string') return value;
  if (value === '') return null;
  return value.replaceAll(/\p{Cc}/gu, (one: string) => JSON.stringify(one).slice(1, -1));
};

/** Empty texts become NULL. */
export const asDuckdb: Form = (value) => (value === '' ? null : value);

/**
 * Everything is text, truth and nothing as Python writes them. A cell does not tell a text that looks like a
 * list or an object from the real thing.
 */
export const asCsv: Form = (value, kind) => {
  if (kind === 'boolean') return value ? 'True' : 'False';
  if (kind === 'object' || kind === 'array') return value;
  if (/^[[{]/.test(String(value))) return JSON.parse(value);
  return value === '' ? null : String(value);
};
