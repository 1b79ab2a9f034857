/** Access tokens that run out: when they are renewed, by whom, and what is done before a new one is used. */
import { asTapError, TapError } from '../core/errors.ts';
import type { Credentials } from '../http/client.ts';
import {
  headersFor,
  RenewalWithheld,
  type MaybeTokens,
  type OAuthClient,
  type StoredTokens,
  type Tokens,
  type TokenStore,
} from './credentials.ts';
import { GrantRefused, type Grants } from './grants.ts';

const minuteMs = 60_000;
/** A token got in this run whose end is not known is not renewed before. */
const unquestionedMs = 10 * minuteMs;

interface RenewalOptions {
  /** Of the config. */
  readonly given: MaybeTokens;
  readonly client: Pick<StoredTokens, 'clientId' | 'clientSecret'>;
  readonly grantsFor: (client: OAuthClient) => Grants;
  readonly store: TokenStore | undefined;
  /** Called with new tokens that are stored, before they are used. */
  readonly announce: (tokens: Tokens) => Promise<void>;
  /** Called with all tokens before anything is said or done with them. */
  readonly addSecrets: (secrets: readonly string[]) => void;
  /** A refresh token is used only if the next one can be stored. */
  readonly isTrial: boolean;
  /** What the user is to do when there is no way to a new token, as a sentence. */
  readonly signIn: string;
  /** ms since 1970. */
  readonly now: () => number;
}

/** Credentials that renew themselves: once for all requests that wait, and only when it is needed. */
export class Renewal implements Credentials {
  readonly #options: RenewalOptions;
  /** Refresh tokens that may work, the most likely first; the rest is what is left of older ones. */
  #current: MaybeTokens;
  #other: MaybeTokens = {};
  /** As it was last read. */
  #stored: StoredTokens | undefined;
  /** Were the current tokens got in this run? */
  #isOwn = false;
  #loading: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  readonly #refused = new Set<string>();

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#current = options.given;
  }

  readonly headers: Credentials['headers'] = async () => {
    await (this.#loading ??= this.#load());
    // A renewal that has failed is not tried again: every later request fails alike.
    await this.#renewing;
    if (this.#isEnding()) await this.#renew();
    const { accessToken } = this.#current;
    if (accessToken === undefined) throw new Error('no access token after a renewal');
    return headersFor(accessToken);
  };

  readonly refused: Credentials['refused'] = async (headers) => {
    const isCurrent = (): boolean =>
      headers['authorization'] === headersFor(this.#current.accessToken ?? '')['authorization'];
    await this.#renewing;
    if (!isCurrent()) return true;
    if (this.#current.accessToken !== undefined) this.#refused.add(this.#current.accessToken);
    if (await this.#takeOver()) return true;
    if (!this.#canRenew() || !this.#isOver()) return false;
    await this.#renew();
    return true;
  };

  async #load(): Promise<void> {
    const { given } = this.#options;
    const stored = await this.#read();
    if (stored === undefined || !hasTokens(stored)) return;
    const isOlder = stored.isSuperseded && hasTokens(given);
    [this.#current, this.#other] = isOlder ? [given, stored] : [stored, given];
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

  /** Uses what another run has stored meanwhile. @returns whether there is something to use */
  async #takeOver(): Promise<boolean> {
    const before = this.#stored;
    const stored = await this.#read();
    const isSame =
      stored?.accessToken === before?.accessToken && stored?.refreshToken === before?.refreshToken;
    if (stored?.accessToken === undefined || isSame) return false;
    [this.#current, this.#other] = [stored, this.#current];
    this.#isOwn = false;
    return !this.#refused.has(stored.accessToken) && !this.#isEnding();
  }

  /** That of the config, with the secret of the store where both name the same one. */
  #client(): OAuthClient | undefined {
    const { client } = this.#options;
    const stored = this.#stored;
    const clientId = client.clientId ?? stored?.clientId;
    if (clientId === undefined) return undefined;
    const storedSecret = stored?.clientId === clientId ? stored.clientSecret : undefined;
    return { clientId, clientSecret: client.clientSecret ?? storedSecret };
  }

  /** Can the client get a token on its own behalf? Not where a user has signed in. */
  #hasClientCredentials(): boolean {
    const { accessToken } = this.#options.given;
    const isSignedIn = accessToken !== undefined || hasTokens(this.#stored ?? {});
    return (
      !isSignedIn &&
      this.#refreshTokens().length === 0 &&
      this.#client()?.clientSecret !== undefined
    );
  }

  #canRenew(): boolean {
    if (this.#client() === undefined) return false;
    return this.#refreshTokens().length > 0 || this.#hasClientCredentials();
  }

  #refreshTokens(): readonly string[] {
    const tokens = [this.#current, this.#other].flatMap(({ refreshToken }) => refreshToken ?? []);
    return [...new Set(tokens)];
  }

  /** There is none, or it is known to end within a minute, or the last tenth of its life. */
  #isEnding(): boolean {
    const { accessToken, obtainedMs, expiresMs } = this.#current;
    if (accessToken === undefined) return true;
    if (expiresMs === undefined || !this.#canRenew()) return false;
    const tenthMs = obtainedMs === undefined ? minuteMs : (expiresMs - obtainedMs) / 10;
    return expiresMs - this.#options.now() < Math.min(minuteMs, tenthMs);
  }

  /** A 401 may mean that the token has ended: not one got in this run whose time has not come. */
  #isOver(): boolean {
    const { obtainedMs = 0, expiresMs = obtainedMs + unquestionedMs } = this.#current;
    return !this.#isOwn || this.#options.now() >= expiresMs;
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
      if (this.#hasClientCredentials()) this.#use(await grants.clientCredentials());
      else await this.#refresh(grants);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async #refresh(grants: Grants): Promise<void> {
    const { store, isTrial, announce } = this.#options;
    if (store === undefined) {
      if (isTrial) throw new RenewalWithheld();
      const tokens = await this.#exchange(grants);
      await announce(tokens);
      this.#use(tokens);
      return;
    }
    await store.exclusively(async () => {
      if (await this.#takeOver()) return;
      await store.begin();
      const tokens = await this.#exchange(grants).catch(async (error: unknown) => {
        const isRefused = error instanceof GrantRefused;
        if (isRefused && this.#stored?.renewingSince === undefined) await store.cancel();
        throw error;
      });
      await store.keep(tokens);
      await this.#read();
      await announce(tokens);
      this.#use(tokens);
    });
  }

  #use(tokens: Tokens): void {
    this.#addSecrets(tokens);
    [this.#current, this.#other, this.#isOwn] = [tokens, {}, true];
  }

  /** With one refresh token after another, where an older config may hold one that still works. */
  async #exchange(grants: Grants): Promise<Tokens> {
    const [first = '', second] = this.#refreshTokens();
    const exchange = async (refreshToken: string): Promise<Tokens> => {
      const tokens = { refreshToken, ...(await grants.refresh(refreshToken)) };
      this.#addSecrets(tokens);
      return tokens;
    };
    return exchange(first).catch((error: unknown) => {
      const isSpent = error instanceof GrantRefused && error.code === 'invalid_grant';
      if (second === undefined || !isSpent) throw error;
      return exchange(second);
    });
  }

  #explained(error: unknown): TapError {
    if (error instanceof RenewalWithheld) return error;
    const { kind, message } = asTapError(error, 'this is a bug, please report it');
    const advice = error instanceof GrantRefused ? this.#adviceOn(error.code) : '';
    const text = advice === '' ? `the access token cannot be renewed: ${message}` : advice;
    return new TapError(text, { kind, endsRun: true, cause: error });
  }

  #adviceOn(code: string): string {
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
        `a run that began to renew the access token at ${since} ended before it had stored the new tokens, and ` +
        `the refresh token it has used works only once. ${signIn}`
      );
    const place =
      store === undefined ? ' (an earlier run may have used it: token_file keeps new ones)' : '';
    return `the refresh token is refused: it was used before, has expired or was revoked${place}. ${signIn}`;
  }
}

function hasTokens({ accessToken, refreshToken }: MaybeTokens): boolean {
  return accessToken !== undefined || refreshToken !== undefined;
}
