/** Where the tokens of a config are kept once they are renewed. */
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
  /** Files of the config, the last one winning; the one that `login` has written may be updated. */
  readonly configFiles: readonly string[];
}

/** @returns the store and the flag that makes `login` write to it; `undefined` when there is no place */
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
  // A config that is the only one may have got newer tokens since it was read. Of several, only the one these are of.
  const expected = configFiles.length > 1 ? refreshToken : undefined;
  for (const path of configFiles.toReversed()) {
    if (!(await isUpdatable(path, expected))) continue;
    const file = { path, label: '--config', configTokens: undefined };
    const store = new TokenFile({ ...lock, ...file, subdomain });
    return { store, flag: `--out ${quotedPath(path)}` };
  }
  return undefined;
}

/** Is it a file of its own (no link, no pipe) that `login` has written, with this token if there is one? */
async function isUpdatable(path: string, refreshToken: string | undefined): Promise<boolean> {
  try {
    if (!(await lstat(path)).isFile()) return false;
    await access(dirname(path), constants.W_OK);
    const content = await readJsonFile({ path, label: '--config', maxBytes: maxSmallFileBytes });
    if (!isJsonObject(content) || !isTokenFile(content)) return false;
    return refreshToken === undefined || content['refresh_token'] === refreshToken;
  } catch {
    // It cannot be read or replaced, so it is no place to keep anything.
    return false;
  }
}
