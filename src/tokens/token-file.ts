/** A file that holds tokens: the one of `token_file`, or a config that `login` has written. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';

import { codeOf, ConfigError } from '../errors.ts';
import { isMissingFile, readJsonFile, smallFile } from '../input-file.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { quotedPath } from '../wording.ts';
import type { MaybeTokens, StoredTokens, Tokens, TokenStore } from '../zendesk/credentials.ts';
import { withLock, type LockOptions } from './file-lock.ts';

export interface TokenFileOptions extends LockOptions {
  /** How errors call it: `token_file`. */
  readonly what: string;
  /** The account the tokens are for: others are never sent to it. */
  readonly subdomain: string;
  /** The config's tokens; `undefined`: it has none, or is this file. */
  readonly given: MaybeTokens | undefined;
}

/** What the key `login` holds; it also marks a file that may be written. Times are ISO. */
interface LoginNotes {
  readonly obtained_at?: string;
  readonly expires_at?: string;
  readonly renewing_since?: string;
  /** Hash of the config's token that these tokens come from. */
  readonly replaces?: string;
}

export function createTokenFile(options: TokenFileOptions): TokenStore {
  const origin = options.given && fingerprint(options.given);
  const replaces = origin === undefined ? {} : { replaces: origin };
  const note = async (change: (notes: LoginNotes) => LoginNotes): Promise<void> => {
    const content = await readContent(options);
    const login = change(notesIn(content));
    await writeTokenFile(options.path, {
      subdomain: options.subdomain,
      ...content,
      login: { ...login },
    });
  };
  return {
    read: async () => tokensIn(await readContent(options), origin),
    exclusively: async (work) => withLock({ ...options, path: await target(options.path) }, work),
    begin: () =>
      note((notes) => ({
        ...replaces,
        ...notes,
        renewing_since: notes.renewing_since ?? new Date(options.clock.now()).toISOString(),
      })),
    cancel: () => note(({ renewing_since: _since, ...notes }) => notes),
    keep: async (tokens) => {
      const content = await readContent(options);
      const kept = { subdomain: options.subdomain, ...content, ...tokenKeys(tokens, replaces) };
      await writeTokenFile(options.path, kept);
    },
  };
}

/** Tokens in the form a file has them. */
export function tokenKeys(
  { accessToken, refreshToken, obtainedMs, expiresMs }: Tokens,
  notes: LoginNotes = {},
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

/** Replaces a file, readable by this user alone. It is whole at any moment. @throws ConfigError when it cannot be written. */
export async function writeTokenFile(path: string, content: JsonObject): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic');
  const text = `${JSON.stringify(content, null, 2)}\n`;
  try {
    await writeFileAtomic(path, text, { mode: 0o600 });
  } catch (error) {
    throw cannotBeWritten(path, error);
  }
}

/** @param cause of the file system */
export function cannotBeWritten(path: string, cause: unknown): ConfigError {
  const why = `cannot be written (${codeOf(cause) || 'no code'}): check its folder's permissions and the disk.`;
  return new ConfigError(`${quotedPath(path)} ${why}`, '', cause);
}

/** Has `login` written it, or a run after it? */
export function isTokenFile(content: JsonObject): boolean {
  return isJsonObject(content['login']);
}

/** Two names of one file have one lock. */
async function target(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** `undefined`: there is no such file yet. */
async function readContent({
  path,
  what,
  subdomain,
}: TokenFileOptions): Promise<JsonObject | undefined> {
  const file = { path, what, maxBytes: smallFile, isRegular: true };
  const content = await readJsonFile(file).catch((error: unknown) => {
    if (isMissingFile(error)) return undefined;
    throw error;
  });
  if (content === undefined) return undefined;
  if (!isJsonObject(content) || !isTokenFile(content))
    throw new ConfigError(
      `${what}: ${quotedPath(path)} holds something else than tokens: name a file that does not exist yet, or that "tap-zendesk-chat login" has written.`,
    );
  if (content['subdomain'] !== subdomain)
    throw new ConfigError(
      `${what}: ${quotedPath(path)} holds tokens of another account: each account needs a file of its own.`,
    );
  return content;
}

function notesIn(content: JsonObject | undefined): LoginNotes {
  const notes = content?.['login'];
  return isJsonObject(notes) ? notes : {};
}

function tokensIn(
  content: JsonObject | undefined,
  origin: string | undefined,
): StoredTokens | undefined {
  if (content === undefined) return undefined;
  const { obtained_at, expires_at, renewing_since, replaces } = notesIn(content);
  const obtainedMs = Date.parse(obtained_at ?? '');
  const expiresMs = Date.parse(expires_at ?? '');
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
    renewingSince: isTime(renewing_since) ? renewing_since : undefined,
    isSuperseded: origin !== undefined && replaces !== undefined && replaces !== origin,
  };
}

function isTime(text: unknown): boolean {
  return typeof text === 'string' && /^[\d.:TZ-]{10,30}$/.test(text);
}

function fingerprint({ refreshToken, accessToken }: MaybeTokens): string | undefined {
  const token = refreshToken ?? accessToken;
  return token === undefined ? undefined : createHash('sha256').update(token).digest('hex');
}
