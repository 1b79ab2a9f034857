/** A file with tokens: the `token_file`, or a config written by `login`. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';

import { errorCode, ConfigError } from '../core/errors.ts';
import { ifMissing, readJsonFile, maxSmallFileBytes } from '../core/input-file.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { quotedPath } from '../core/quoting.ts';
import type { PartialTokens, StoredTokens, Tokens, TokenStore } from '../zendesk/credentials.ts';
import { withLock, type LockOptions } from './file-lock.ts';

export interface TokenFileOptions extends LockOptions {
  /** Name of the file in errors, such as `token_file`. */
  readonly label: string;
  /** The account. Tokens of another account are never sent to it. */
  readonly subdomain: string;
  /** The tokens in the config; `undefined` if it has none or is this file. */
  readonly configTokens: PartialTokens | undefined;
}

/** The value of the key `login`, which marks a file that the tap may update. Times are in ISO format. */
interface LoginMetadata {
  readonly obtained_at?: string;
  readonly expires_at?: string;
  readonly renewing_since?: string;
  /** Hash of the config's token that these tokens were obtained with. */
  readonly replaces?: string;
}

export class TokenFile implements TokenStore {
  readonly #options: TokenFileOptions;
  readonly #configTokenHash: string | undefined;

  constructor(options: TokenFileOptions) {
    this.#options = options;
    this.#configTokenHash = options.configTokens && fingerprint(options.configTokens);
  }

  async read(): Promise<StoredTokens | undefined> {
    const content = await this.#readContent();
    if (content === undefined) return undefined;
    const { obtained_at, expires_at, renewing_since, replaces } = loginMetadata(content);
    const obtainedMs = Date.parse(obtained_at ?? '');
    const expiresMs = Date.parse(expires_at ?? '');
    const isTime = typeof renewing_since === 'string' && /^[\d.:TZ-]{10,30}$/.test(renewing_since);
    const text = (key: string): string | undefined => {
      const value = content[key];
      return typeof value === 'string' && value !== '' ? value : undefined;
    };
    return {
      accessToken: text('access_token'),
      refreshToken: text('refresh_token'),
      clientId: text('client_id'),
      clientSecret: text('client_secret'),
      obtainedMs: Number.isNaN(obtainedMs) ? undefined : obtainedMs,
      expiresMs: Number.isNaN(expiresMs) ? undefined : expiresMs,
      renewingSince: isTime ? renewing_since : undefined,
      isSuperseded:
        this.#configTokenHash !== undefined &&
        replaces !== undefined &&
        replaces !== this.#configTokenHash,
    };
  }

  async withLock<T>(work: () => Promise<T>): Promise<T> {
    const { path, ...lock } = this.#options;
    // All paths of one file must share one lock.
    return withLock({ ...lock, path: await realpath(path).catch(() => path) }, work);
  }

  async beginRenewal(): Promise<void> {
    const now = new Date(this.#options.clock.now()).toISOString();
    const { renewing_since = now, ...notes } = loginMetadata(await this.#readContent());
    await this.#write({ login: { ...this.#replaces(), ...notes, renewing_since } });
  }

  async cancelRenewal(): Promise<void> {
    const { renewing_since: _since, ...login } = loginMetadata(await this.#readContent());
    await this.#write({ login });
  }

  async save(tokens: Tokens): Promise<void> {
    await this.#write(tokensToJson(tokens, this.#replaces()));
  }

  #replaces(): LoginMetadata {
    return this.#configTokenHash === undefined ? {} : { replaces: this.#configTokenHash };
  }

  async #write(change: JsonObject): Promise<void> {
    const { path, subdomain } = this.#options;
    await writeTokenFile(path, { subdomain, ...(await this.#readContent()), ...change });
  }

  /** Returns `undefined` if the file does not exist. */
  async #readContent(): Promise<JsonObject | undefined> {
    const { path, label, subdomain } = this.#options;
    const file = { path, label, maxBytes: maxSmallFileBytes, mustBeRegular: true };
    const content = await readJsonFile(file).catch(ifMissing(undefined));
    if (content === undefined) return undefined;
    const name = `${label}: ${quotedPath(path)}`;
    if (!isJsonObject(content) || !isTokenFile(content))
      throw new ConfigError(
        `${name} does not contain tokens: name a new file, or a file written by "tap-zendesk-chat login".`,
      );
    if (content['subdomain'] !== subdomain)
      throw new ConfigError(
        `${name} contains tokens of another account: use a separate file for each account.`,
      );
    return content;
  }
}

export function tokensToJson(
  { accessToken, refreshToken, obtainedMs, expiresMs }: Tokens,
  notes: LoginMetadata = {},
): JsonObject {
  return {
    access_token: accessToken,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    login: {
      ...(obtainedMs !== undefined && { obtained_at: new Date(obtainedMs).toISOString() }),
      ...(expiresMs !== undefined && { expires_at: new Date(expiresMs).toISOString() }),
      ...notes,
    },
  };
}

/** Replaces a file atomically. Only this user may read it. @throws ConfigError if it cannot be written. */
export async function writeTokenFile(path: string, content: JsonObject): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic');
  const text = `${JSON.stringify(content, null, 2)}\n`;
  try {
    await writeFileAtomic(path, text, { mode: 0o600 });
  } catch (error) {
    throw fileWriteError(path, error);
  }
}

export function fileWriteError(path: string, cause: unknown): ConfigError {
  const code = errorCode(cause) || 'no code';
  const advice =
    code === 'ENOENT' ? 'create its folder first' : "check its folder's permissions and the disk";
  return new ConfigError(`${quotedPath(path)} cannot be written (${code}): ${advice}.`, '', cause);
}

/** Whether `login`, or a run that renewed its tokens, has written the file. */
export function isTokenFile(content: JsonObject): boolean {
  return isJsonObject(content['login']);
}

function loginMetadata(content: JsonObject | undefined): LoginMetadata {
  const notes = content?.['login'];
  return isJsonObject(notes) ? notes : {};
}

function fingerprint({ refreshToken, accessToken }: PartialTokens): string | undefined {
  const token = refreshToken ?? accessToken;
  return token === undefined ? undefined : createHash('sha256').update(token).digest('hex');
}
