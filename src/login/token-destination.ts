import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';

import { ConfigError } from '../core/errors.ts';
import { ifMissing, readJsonFile, maxSmallFileBytes } from '../core/input-file.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { print } from '../cli/program.ts';
import { fileWriteError, isTokenFile, tokensToJson, writeTokenFile } from '../tokens/token-file.ts';
import { quotedPath } from '../core/quoting.ts';
import type { OAuthClient, Tokens } from '../zendesk/credentials.ts';
import type { TokenDestination } from './arguments.ts';

/** Checks, before the sign-in, that the destination can store tokens of this account. @throws ConfigError */
export async function checkDestination(
  destination: TokenDestination,
  subdomain: string,
): Promise<void> {
  await readDestination(destination, subdomain);
  if (destination.kind === 'print') return;
  await access(dirname(destination.path), constants.W_OK).catch((error: unknown) => {
    throw fileWriteError(destination.path, error);
  });
}

async function readDestination(
  destination: TokenDestination,
  subdomain: string,
): Promise<JsonObject> {
  if (destination.kind === 'print') return {};
  const label = destination.kind === 'config' ? '--out' : '--token-file';
  const file = { path: destination.path, label, maxBytes: maxSmallFileBytes, mustBeRegular: true };
  const content = await readJsonFile(file).catch(ifMissing({}));
  const name = `${label}: ${quotedPath(destination.path)}`;
  const isFit =
    isJsonObject(content) &&
    (destination.kind === 'config' || Object.keys(content).length === 0 || isTokenFile(content));
  if (!isJsonObject(content) || !isFit)
    throw new ConfigError(`${name} does not contain a config or tokens: name a new file`);
  const other = content['subdomain'] ?? subdomain;
  if (other !== subdomain)
    throw new ConfigError(`${name} is for another account: use a separate file for each account`);
  return content;
}

export interface SignInResult {
  readonly subdomain: string;
  readonly client: OAuthClient;
  readonly tokens: Tokens;
  readonly stdout: Writable;
}

/** @throws ConfigError if the file cannot be written. */
export async function saveTokens(
  destination: TokenDestination,
  { subdomain, client, tokens, stdout }: SignInResult,
): Promise<void> {
  const { clientId: client_id, clientSecret: client_secret } = client;
  const tokenJson = tokensToJson(tokens);
  if (destination.kind === 'print') {
    const { login: _notes, ...printed } = tokenJson;
    await print(stdout, `${JSON.stringify(printed, null, 2)}\n`);
    return;
  }
  // Remove old tokens, and store the client, because a refresh token works only with its client.
  const existing = await readDestination(destination, subdomain);
  const { refresh_token: _old, credentials: _older, ...content } = existing;
  const secret = client_secret === undefined ? {} : { client_id, client_secret };
  await writeTokenFile(destination.path, { ...content, subdomain, ...secret, ...tokenJson });
}

export function nextCommand(destination: TokenDestination, subdomain: string): string {
  if (destination.kind === 'print') return 'The tokens were printed to standard output.';
  const path = quotedPath(destination.path);
  if (destination.kind === 'config') return `Next: tap-zendesk-chat --config ${path} --check`;
  const config = JSON.stringify({ subdomain, token_file: destination.path });
  return `Next, save ${config} as config.json and run: tap-zendesk-chat --config config.json --check`;
}
