import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';

import { ConfigError } from '../core/errors.ts';
import { ifMissing, readJsonFile, maxSmallFileBytes } from '../core/input-file.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { print } from '../cli/program.ts';
import { cannotBeWritten, isTokenFile, tokenKeys, writeTokenFile } from '../tokens/token-file.ts';
import { quotedPath } from '../core/quoting.ts';
import type { OAuthClient, Tokens } from '../zendesk/credentials.ts';
import type { Place } from './arguments.ts';

/** Is the place fit for tokens of this account? Asked before anybody signs in. @throws ConfigError */
export async function preparePlace(place: Place, subdomain: string): Promise<void> {
  await contentOf(place, subdomain);
  if (place.kind === 'print') return;
  await access(dirname(place.path), constants.W_OK).catch((error: unknown) => {
    throw cannotBeWritten(place.path, error);
  });
}

async function contentOf(place: Place, subdomain: string): Promise<JsonObject> {
  if (place.kind === 'print') return {};
  const what = place.kind === 'config' ? '--out' : '--token-file';
  const file = { path: place.path, what, maxBytes: maxSmallFileBytes, isRegular: true };
  const content = await readJsonFile(file).catch(ifMissing({}));
  const name = `${what}: ${quotedPath(place.path)}`;
  const isFit =
    isJsonObject(content) &&
    (place.kind === 'config' || Object.keys(content).length === 0 || isTokenFile(content));
  if (!isJsonObject(content) || !isFit)
    throw new ConfigError(`${name} holds something else: name a file that does not exist yet`);
  const other = content['subdomain'] ?? subdomain;
  if (other !== subdomain)
    throw new ConfigError(`${name} is for another account: name a file of its own`);
  return content;
}

export interface SignedIn {
  readonly subdomain: string;
  readonly client: OAuthClient;
  readonly tokens: Tokens;
  readonly stdout: Writable;
}

/** @throws ConfigError when the file cannot be written. */
export async function keepTokens(
  place: Place,
  { subdomain, client, tokens, stdout }: SignedIn,
): Promise<void> {
  const { clientId: client_id, clientSecret: client_secret } = client;
  const pair = tokenKeys(tokens);
  if (place.kind === 'print') {
    const { login: _notes, ...printed } = pair;
    await print(stdout, `${JSON.stringify(printed, null, 2)}\n`);
    return;
  }
  // A refresh token is of no use without the client it belongs to, and an older one of no use at all.
  const {
    refresh_token: _old,
    credentials: _older,
    ...content
  } = await contentOf(place, subdomain);
  const secret = client_secret === undefined ? {} : { client_id, client_secret };
  await writeTokenFile(place.path, { ...content, subdomain, ...secret, ...pair });
}

export function nextCommand(place: Place, subdomain: string): string {
  if (place.kind === 'print') return 'The tokens are on standard output.';
  const path = quotedPath(place.path);
  if (place.kind === 'config') return `Next: tap-zendesk-chat --config ${path} --check`;
  const config = JSON.stringify({ subdomain, token_file: place.path });
  return `Next, with the config ${config}: tap-zendesk-chat --config config.json --check`;
}
