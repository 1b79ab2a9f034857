import { isJsonObject, type Json } from '../json.ts';

const longestSaid = 200;

/**
 * What the API says about an error, on one line and shortened; `''` when the body is no JSON or says
 * nothing. There is no one shape: `error` may be a text or an object with a `message`, and a
 * `description` may stand beside it.
 */
export function errorText(body: string, secrets: readonly string[]): string {
  const explanation = parse(body);
  if (!isJsonObject(explanation)) return '';
  const { error, description, message } = explanation;
  const parts = isJsonObject(error)
    ? [error['message'], error['description']]
    : [error, description ?? message];
  const texts = parts.filter((part): part is string => typeof part === 'string' && part !== '');
  return quotable(texts.join(': '), secrets);
}

function parse(body: string): Json {
  try {
    const json: Json = JSON.parse(body);
    return json;
  } catch {
    // A gateway explains itself in HTML, or not at all.
    return null;
  }
}

/** A text of the API as a message may repeat it: without secrets, on one line, shortened. */
export function quotable(text: string, secrets: readonly string[]): string {
  const shown = secrets
    .filter((secret) => secret !== '')
    .reduce((left, secret) => left.replaceAll(secret, '***'), text);
  // Control characters could break the line or the terminal.
  const line = shown.replace(/[\p{C}\s]+/gu, ' ').trim();
  return line.length <= longestSaid ? line : `${line.slice(0, longestSaid).trimEnd()}…`;
}
