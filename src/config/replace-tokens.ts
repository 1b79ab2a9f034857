import { isJsonObject, type JsonObject } from '../core/json.ts';
import { parseIfJson, credentialGroups } from './raw-config.ts';

interface NewTokens {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
}

/**
 * Replaces the tokens in a config of any accepted form. A config without an access token gets one next to its refresh
 * token.
 */
export function replaceTokens(
  config: JsonObject,
  { accessToken: access_token, refreshToken: refresh_token }: NewTokens,
): JsonObject {
  const inside = credentialGroups.map((group) => parseIfJson(config[group] ?? null));
  const tokenObjects = [config, ...inside.filter((value) => isJsonObject(value))];
  const hasAccessToken = tokenObjects.some((object) => 'access_token' in object);
  const withNewTokens = (object: JsonObject): JsonObject => {
    const hasRefresh = 'refresh_token' in object;
    const takesAccess = 'access_token' in object || (hasRefresh && !hasAccessToken);
    return {
      ...object,
      ...(takesAccess && { access_token }),
      ...(hasRefresh && refresh_token !== undefined && { refresh_token }),
    };
  };
  const entries = Object.entries(config).map(([key, value]) => {
    const group = credentialGroups.includes(key) ? parseIfJson(value) : null;
    if (!isJsonObject(group)) return [key, value] as const;
    const updated = withNewTokens(group);
    return [key, typeof value === 'string' ? JSON.stringify(updated) : updated] as const;
  });
  return withNewTokens(Object.fromEntries(entries));
}
