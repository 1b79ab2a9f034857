/** The parameters of a request. Each occurs at most once. */
export type Query = Readonly<Record<string, string>>;

/** An invalid request. The router responds with status 400. */
export class RejectedRequest extends Error {}

export function rejectRequest(description: string): never {
  throw new RejectedRequest(description);
}

/** Rejects unknown parameters with 400. It is not known how the real API responds. */
export function allowParameters(query: Query, allowed: readonly string[]): void {
  const unknown = Object.keys(query).find((name) => !allowed.includes(name));
  if (unknown !== undefined) rejectRequest(`Unknown parameter: ${unknown}.`);
}

/** Parses a non-negative integer parameter. Returns undefined if it is missing. */
export function readWholeNumber(query: Query, name: string): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    rejectRequest(`${name} is not a whole number.`);
  return value;
}

/** Parses `limit`, which must be at least 1. */
export function readLimit(query: Query, defaultLimit: number): number {
  const limit = readWholeNumber(query, 'limit') ?? defaultLimit;
  return limit >= 1 ? limit : rejectRequest('limit is smaller than 1.');
}

/** Parses the query of a URL. Rejects repeated parameters. */
export function readQuery(parameters: URLSearchParams): Query {
  const query: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (name in query) rejectRequest(`${name} is given twice.`);
    query[name] = value;
  }
  return query;
}
