/** Chooses the file that stores renewed tokens. */
import { access, constants, lstat } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Config } from '../config/config.ts';
import { readJsonFile, maxSmallFileBytes } from '../core/input-file.ts';
import { isJsonObject } from '../core/json.ts';
import { quotedPath } from '../core/quoting.ts';
import type { PartialTokens, TokenStore } from '../zendesk/credentials.ts';
import type { LockOptions } from './file-lock.ts';
import { isTokenFile, TokenFile } from './token-file.ts';

export interface TokenStoreOptions extends Omit<LockOptions, 'path'> {
  readonly config: Pick<Config, 'subdomain' | 'token_file' | 'refresh_token'>;
  readonly configTokens: PartialTokens;
  /** Config files; the last one takes precedence. Only a file written by `login` is updated. */
  readonly configFiles: readonly string[];
}

/** @returns The store and the flag of `login` that writes to it; `undefined` if no file can store the tokens. */
export async function chooseTokenStore(
  options: TokenStoreOptions,
): Promise<{ readonly store: TokenStore; readonly flag: string } | undefined> {
  const { config, configTokens, configFiles, ...lock } = options;
  const { subdomain, token_file: tokenFile, refresh_token: refreshToken } = config;
  if (tokenFile !== undefined) {
    const file = { path: tokenFile, label: 'token_file', configTokens };
    const store = new TokenFile({ ...lock, ...file, subdomain });
    return { store, flag: `--token-file ${quotedPath(tokenFile)}` };
  }
  if (refreshToken === undefined) return undefined;
  // Another run may have updated a single config file. Of several files, only the one with this refresh token is used.
  const expected = configFiles.length > 1 ? refreshToken : undefined;
  for (const path of configFiles.toReversed()) {
    if (!(await isUpdatable(path, expected))) continue;
    const file = { path, label: '--config', configTokens: undefined };
    const store = new TokenFile({ ...lock, ...file, subdomain });
    return { store, flag: `--out ${quotedPath(path)}` };
  }
  return undefined;
}

/** Whether the path is a regular file (no link, no pipe) written by `login` and, if given, with this refresh token. */
async function isUpdatable(path: string, refreshToken: string | undefined): Promise<boolean> {
  try {
    if (!(await lstat(path)).isFile()) return false;
    await access(dirname(path), constants.W_OK);
    const content = await readJsonFile({ path, label: '--config', maxBytes: maxSmallFileBytes });
    if (!isJsonObject(content) || !isTokenFile(content)) return false;
    return refreshToken === undefined || content['refresh_token'] === refreshToken;
  } catch {
    // A file that cannot be read or replaced cannot store tokens.
    return false;
  }
}
