/** The parameters of a request, each at most once. */
export type Query = Readonly<Record<string, string>>;

/** Something a client sent that is refused. Thrown while a query is read, and answered by the router. */
export class RejectedRequest extends Error {}

export function rejectRequest(description: string): never {
  throw new RejectedRequest(description);
}

/** Refuses parameters that are not known. The real API's answer to them is not known; here it is 400. */
export function allowParameters(query: Query, allowed: readonly string[]): void {
  const unknown = Object.keys(query).find((name) => !allowed.includes(name));
  if (unknown !== undefined) rejectRequest(`Unknown parameter: ${unknown}.`);
}

/** A parameter that is a whole number, not negative; undefined if it is not there. */
export function readWholeNumber(query: Query, name: string): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    rejectRequest(`${name} is not a whole number.`);
  return value;
}

/** `limit`: at least 1. */
export function readLimit(query: Query, defaultLimit: number): number {
  const limit = readWholeNumber(query, 'limit') ?? defaultLimit;
  return limit >= 1 ? limit : rejectRequest('limit is smaller than 1.');
}

/** The query of a URL. A parameter that comes twice is refused. */
export function readQuery(parameters: URLSearchParams): Query {
  const query: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (name in query) rejectRequest(`${name} is given twice.`);
    query[name] = value;
  }
  return query;
}
