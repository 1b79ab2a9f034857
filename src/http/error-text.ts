import { isJsonObject } from '../json.ts';
import { parseBody } from './body.ts';

const longestSaid = 200;

/**
 * What the API says about an error, on one line and shortened; `''` when the body is no JSON or says
 * nothing. There is no one shape: `error` may be a text or an object with a `message`, and a
 * `description` may stand beside it.
 */
export function errorText(body: string, secrets: readonly string[]): string {
  const parsed = parseBody(body);
  if (!('json' in parsed) || !isJsonObject(parsed.json)) return '';
  const { error, description, message } = parsed.json;
  const parts = isJsonObject(error)
    ? [error['message'], error['description']]
    : [error, description ?? message];
  const texts = parts.filter((part): part is string => typeof part === 'string' && part !== '');
  return shorten(conceal(texts.join(': '), secrets));
}

function conceal(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}

function shorten(text: string): string {
  // Control characters could break the line or the terminal.
  const line = text.replace(/[\p{C}\s]+/gu, ' ').trim();
  return line.length <= longestSaid ? line : `${line.slice(0, longestSaid).trimEnd()}…`;
}
