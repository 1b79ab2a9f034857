/** Renews access tokens that expire, coordinated with other runs through the token store. */
import { asTapError, TapError } from '../core/errors.ts';
import { foreign } from '../core/foreign-text.ts';
import type { Credentials } from '../http/client.ts';
import {
  bearerHeaders,
  RenewalSkipped,
  type PartialTokens,
  type OAuthClient,
  type StoredTokens,
  type Tokens,
  type TokenStore,
} from './credentials.ts';
import { GrantRejected, type Grants } from './grants.ts';

const minuteMs = 60_000;
/** Minimum lifetime of a token that was obtained in this run, if its expiry is unknown. */
const unknownLifetimeMs = 10 * minuteMs;

interface RenewingCredentialsOptions {
  /** The tokens in the config. */
  readonly configTokens: PartialTokens;
  readonly client: Pick<StoredTokens, 'clientId' | 'clientSecret'>;
  readonly grantsFor: (client: OAuthClient) => Grants;
  readonly store: TokenStore | undefined;
  /** Called with new tokens after they are stored and before they are used. */
  readonly onRenewed: (tokens: Tokens) => Promise<void>;
  /** Called with all tokens before they are used or logged. */
  readonly addSecrets: (secrets: readonly string[]) => void;
  /** Uses a refresh token only if the next one can be stored. */
  readonly isDryRun: boolean;
  /** What the user must do if no new token can be obtained, as a sentence. */
  readonly signIn: string;
  /** ms since 1970. */
  readonly now: () => number;
}

/** Credentials that renew themselves when needed, once for all waiting requests. */
export class RenewingCredentials implements Credentials {
  readonly #options: RenewingCredentialsOptions;
  /** The tokens in use. */
  #current: PartialTokens;
  /** Older tokens, whose refresh token may still work. */
  #fallback: PartialTokens = {};
  /** The store's content when it was last read. */
  #stored: StoredTokens | undefined;
  /** Whether the current tokens were obtained in this run. */
  #isRenewedHere = false;
  #loading: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  readonly #rejectedTokens = new Set<string>();

  constructor(options: RenewingCredentialsOptions) {
    this.#options = options;
    this.#current = options.configTokens;
  }

  readonly headers: Credentials['headers'] = async () => {
    await (this.#loading ??= this.#load());
    // A failed renewal is not repeated: all later requests fail with the same error.
    await this.#renewing;
    if (this.#isExpiring()) await this.#renew();
    const { accessToken } = this.#current;
    if (accessToken === undefined) throw new Error('no access token after a renewal');
    return bearerHeaders(accessToken);
  };

  readonly onUnauthorized: Credentials['onUnauthorized'] = async (headers) => {
    const isCurrent = (): boolean =>
      headers['authorization'] === bearerHeaders(this.#current.accessToken ?? '')['authorization'];
    await this.#renewing;
    if (!isCurrent()) return true;
    if (this.#current.accessToken !== undefined)
      this.#rejectedTokens.add(this.#current.accessToken);
    if (await this.#adoptStoredTokens()) return true;
    if (!this.#canRenew() || !this.#mayHaveExpired()) return false;
    await this.#renew();
    return true;
  };

  async #load(): Promise<void> {
    const { configTokens } = this.#options;
    const stored = await this.#read();
    if (stored === undefined || !hasTokens(stored)) return;
    const isOlder = stored.isSuperseded && hasTokens(configTokens);
    [this.#current, this.#fallback] = isOlder ? [configTokens, stored] : [stored, configTokens];
  }

  async #read(): Promise<StoredTokens | undefined> {
    this.#stored = await this.#options.store?.read();
    this.#addSecrets({ ...this.#stored });
    return this.#stored;
  }

  #addSecrets({ accessToken, refreshToken, clientSecret }: Partial<StoredTokens>): void {
    const secrets = [accessToken, refreshToken, clientSecret].flatMap((secret) => secret ?? []);
    this.#options.addSecrets(secrets);
  }

  /** Uses tokens that another run has stored in the meantime. @returns Whether there is a usable access token. */
  async #adoptStoredTokens(): Promise<boolean> {
    const before = this.#stored;
    const stored = await this.#read();
    const isSame =
      stored?.accessToken === before?.accessToken && stored?.refreshToken === before?.refreshToken;
    if (stored?.accessToken === undefined || isSame) return false;
    [this.#current, this.#fallback] = [stored, this.#current];
    this.#isRenewedHere = false;
    return !this.#rejectedTokens.has(stored.accessToken) && !this.#isExpiring();
  }

  /** The config's client, with the store's secret if both have the same id. */
  #client(): OAuthClient | undefined {
    const { client } = this.#options;
    const stored = this.#stored;
    const clientId = client.clientId ?? stored?.clientId;
    if (clientId === undefined) return undefined;
    const storedSecret = stored?.clientId === clientId ? stored.clientSecret : undefined;
    return { clientId, clientSecret: client.clientSecret ?? storedSecret };
  }

  /** Whether the client can use the client credentials grant. Not used if there are tokens of a user. */
  #hasClientCredentials(): boolean {
    const { accessToken } = this.#options.configTokens;
    if (accessToken !== undefined || hasTokens(this.#stored ?? {})) return false;
    return this.#refreshTokens().length === 0 && this.#client()?.clientSecret !== undefined;
  }

  #canRenew(): boolean {
    if (this.#client() === undefined) return false;
    return this.#refreshTokens().length > 0 || this.#hasClientCredentials();
  }

  #refreshTokens(): readonly string[] {
    const tokens = [this.#current, this.#fallback].flatMap((held) => held.refreshToken ?? []);
    return [...new Set(tokens)];
  }

  /** Whether the access token is missing, or expires within a minute and within the last tenth of its lifetime. */
  #isExpiring(): boolean {
    const { accessToken, obtainedMs, expiresMs } = this.#current;
    if (accessToken === undefined) return true;
    if (expiresMs === undefined || !this.#canRenew()) return false;
    const tenthMs = obtainedMs === undefined ? minuteMs : (expiresMs - obtainedMs) / 10;
    return expiresMs - this.#options.now() < Math.min(minuteMs, tenthMs);
  }

  /** Whether a 401 may mean that the token has expired. False for a token of this run before its expiry. */
  #mayHaveExpired(): boolean {
    const { obtainedMs = 0, expiresMs = obtainedMs + unknownLifetimeMs } = this.#current;
    return !this.#isRenewedHere || this.#options.now() >= expiresMs;
  }

  async #renew(): Promise<void> {
    const renewing = (this.#renewing ??= this.#renewOnce());
    await renewing;
    if (this.#renewing === renewing) this.#renewing = undefined;
  }

  async #renewOnce(): Promise<void> {
    const client = this.#client();
    if (client === undefined || !this.#canRenew()) {
      const text = `there is no access token. ${this.#options.signIn}`;
      throw new TapError(text, { kind: 'config', endsRun: true });
    }
    const grants = this.#options.grantsFor(client);
    try {
      if (this.#hasClientCredentials()) this.#adopt(await grants.clientCredentials());
      else await this.#refresh(grants);
    } catch (error) {
      throw this.#toTapError(error);
    }
  }

  async #refresh(grants: Grants): Promise<void> {
    const { store, isDryRun, onRenewed } = this.#options;
    if (store === undefined) {
      if (isDryRun) throw new RenewalSkipped();
      const tokens = await this.#exchange(grants);
      await onRenewed(tokens);
      this.#adopt(tokens);
      return;
    }
    await store.withLock(async () => {
      if (await this.#adoptStoredTokens()) return;
      await store.beginRenewal();
      const tokens = await this.#exchange(grants).catch(async (error: unknown) => {
        const isRefused = error instanceof GrantRejected;
        if (isRefused && this.#stored?.renewingSince === undefined) await store.cancelRenewal();
        throw error;
      });
      await store.save(tokens);
      await this.#read();
      await onRenewed(tokens);
      this.#adopt(tokens);
    });
  }

  #adopt(tokens: Tokens): void {
    this.#addSecrets(tokens);
    [this.#current, this.#fallback, this.#isRenewedHere] = [tokens, {}, true];
  }

  /** Tries the current refresh token and then the older one, which may still work. */
  async #exchange(grants: Grants): Promise<Tokens> {
    const [first = '', second] = this.#refreshTokens();
    const exchange = async (refreshToken: string): Promise<Tokens> => {
      const tokens = { refreshToken, ...(await grants.refresh(refreshToken)) };
      this.#addSecrets(tokens);
      return tokens;
    };
    return exchange(first).catch((error: unknown) => {
      const isInvalidGrant = error instanceof GrantRejected && error.code === 'invalid_grant';
      if (second === undefined || !isInvalidGrant) throw error;
      return exchange(second);
    });
  }

  #toTapError(error: unknown): TapError {
    if (error instanceof RenewalSkipped) return error;
    const { kind, message } = asTapError(error, 'this is a bug, please report it');
    const advice = error instanceof GrantRejected ? this.#adviceFor(error.code) : '';
    const text = advice === '' ? `the access token cannot be renewed: ${message}` : advice;
    return new TapError(text, { kind, endsRun: true, cause: error });
  }

  #adviceFor(code: string): string {
    const { signIn, store } = this.#options;
    if (code === 'invalid_client' || code === 'unauthorized_client') {
      const withoutUser =
        this.#refreshTokens().length > 0
          ? ''
          : '; without a refresh token the client must be of the type confidential';
      return `the OAuth client is refused (${code}): check client_id and client_secret${withoutUser}`;
    }
    if (code !== 'invalid_grant') return '';
    const since = this.#stored?.renewingSince;
    if (since !== undefined)
      return (
        `a run that began to renew the access token at ${foreign(since)} ended before it stored the new tokens. Its ` +
        `refresh token works only once. ${signIn}`
      );
    const place =
      store === undefined
        ? ' (an earlier run may have used it: set token_file to store new ones)'
        : '';
    return `the refresh token is refused: it was already used, has expired or was revoked${place}. ${signIn}`;
  }
}

function hasTokens({ accessToken, refreshToken }: PartialTokens): boolean {
  return accessToken !== undefined || refreshToken !== undefined;
}
