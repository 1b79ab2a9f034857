import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { fromJsonText, groups } from './forms.ts';

/** Tokens that were got together. */
export interface NewTokens {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
}

/**
 * A config of any accepted form with other tokens, wherever it has some, and otherwise unchanged. Where it has no
 * access token, that stands beside the refresh token.
 */
export function withTokens(config: JsonObject, tokens: NewTokens): JsonObject {
  const hasAccessToken = places(config).some((place) => 'access_token' in place);
  return mapPlaces(config, (place) => replaced(place, tokens, !hasAccessToken));
}

function places(config: JsonObject): readonly JsonObject[] {
  const inside = groups.map((group) => fromJsonText(config[group] ?? null));
  return [config, ...inside.filter((one) => isJsonObject(one))];
}

function mapPlaces(config: JsonObject, change: (place: JsonObject) => JsonObject): JsonObject {
  const mapped = (group: string, value: Json): Json => {
    const place = groups.includes(group) ? fromJsonText(value) : value;
    if (!groups.includes(group) || !isJsonObject(place)) return value;
    return typeof value === 'string' ? JSON.stringify(change(place)) : change(place);
  };
  const entries = Object.entries(config).map(([key, value]) => [key, mapped(key, value)] as const);
  return change(Object.fromEntries(entries));
}

function replaced(
  place: JsonObject,
  { accessToken: access_token, refreshToken: refresh_token }: NewTokens,
  addsAccessToken: boolean,
): JsonObject {
  const hasRefresh = 'refresh_token' in place;
  return {
    ...place,
    ...(('access_token' in place || (hasRefresh && addsAccessToken)) && { access_token }),
    ...(hasRefresh && refresh_token !== undefined && { refresh_token }),
  };
}
