/** Airbyte's spec, built from the schema of the config. */
import { userSettings, propertiesOf } from '../config/config.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { readPackageFile } from '../core/package-files.ts';

/** Settings that have no effect in Airbyte, that the platform sets itself, or that are inside `credentials`. */
const omittedSettings: ReadonlySet<string> = new Set([
  'access_token',
  'client_id',
  'client_secret',
  'refresh_token',
  'token_file',
  'extra_streams',
  'log_format',
  'log_metrics',
]);

/** The first settings in the form: those that most users set. */
const firstSettings = ['subdomain', 'start_date', 'credentials'];

/** The form links to it. Zendesk's pages describe the data and say how to get a token. */
const documentationUrl = 'https://developer.zendesk.com/api-reference/live-chat/introduction';

/** Replaces JSON Schema's `writeOnly` by Airbyte's `airbyte_secret`. `order` is the position in the form. */
function specProperty(property: JsonObject, order?: number): JsonObject {
  const { writeOnly, oneOf, ...rest } = property;
  const members = propertiesOf(property);
  return {
    ...rest,
    ...(order !== undefined && { order }),
    ...(writeOnly === true && { airbyte_secret: true }),
    ...(members.length > 0 && { properties: specProperties(members) }),
    ...(Array.isArray(oneOf) && {
      oneOf: oneOf.flatMap((branch) => (isJsonObject(branch) ? [specProperty(branch)] : [])),
    }),
  };
}

function specProperties(properties: ReturnType<typeof propertiesOf>): JsonObject {
  const entries = properties.map(([name, own], order) => [name, specProperty(own, order)]);
  return Object.fromEntries(entries);
}

export function airbyteSpec(schema: JsonObject): object {
  const all = userSettings(schema).filter(([name]) => !omittedSettings.has(name));
  const first = firstSettings.flatMap((wanted) => all.filter(([name]) => name === wanted));
  const others = all.filter(([name]) => !firstSettings.includes(name));
  return {
    documentationUrl,
    connectionSpecification: {
      ...schema,
      properties: specProperties([...first, ...others]),
      additionalProperties: true,
    },
    // The platform's sign-in: the code flow on the account's host. The platform replaces the names in double braces.
    advanced_auth: JSON.parse(readPackageFile('schemas/airbyte-advanced-auth.json')),
  };
}
