import type { Clock } from '../core/clock.ts';
import type { Config } from '../config/config.ts';
import type { Credentials, HttpClient } from '../http/client.ts';
import type { Logger } from '../core/logger.ts';
import { bearerToken, type Tokens } from '../zendesk/credentials.ts';

/** What a program does about tokens that are renewed. */
export interface TokenOptions {
  /** Files of the config: one that `login` has written keeps renewed tokens. Default: none. */
  readonly configFiles?: readonly string[];
  /** A refresh token is used only if the next one can be kept in a file. Default: false. */
  readonly isTrial?: boolean;
  /** Passes renewed tokens on to what keeps the config. Resolves once they have left. */
  readonly announce?: (tokens: Tokens) => Promise<void>;
}

export interface CredentialsOptions extends TokenOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type CredentialsFor = (post: HttpClient['post']) => Credentials;

/** A run with a plain token loads nothing of what renews one. */
export async function credentialsFor(options: CredentialsOptions): Promise<CredentialsFor> {
  const { access_token: token, refresh_token, token_file } = options.config;
  const isPlain = refresh_token === undefined && token_file === undefined;
  if (token !== undefined && isPlain) return () => bearerToken(token);
  return renewable(options);
}

async function renewable(options: CredentialsOptions): Promise<CredentialsFor> {
  const { config, logger, clock, signal, configFiles = [], announce } = options;
  const given = { accessToken: config.access_token, refreshToken: config.refresh_token };
  const { Renewal } = await import('../zendesk/renewing-credentials.ts');
  const { Grants } = await import('../zendesk/grants.ts');
  const { chooseStore } = await import('./choose-token-store.ts');
  const store = await chooseStore({
    config,
    given,
    configFiles,
    clock,
    signal,
    maxWaitMs: Math.max(config.max_retry_seconds * 1000, shortestLockWaitMs),
    onWait: () => logger.info('waiting for another run, which renews the access token'),
  });
  const isLost = store === undefined && announce === undefined;
  return (post) =>
    new Renewal({
      given,
      client: { clientId: config.client_id, clientSecret: config.client_secret },
      grantsFor: (client) => new Grants({ ...client, post, now: clock.now }),
      store: store?.store,
      announce: async (tokens) => {
        if (isLost) logger.warning(noPlace);
        else logger.info('the access token was renewed');
        await announce?.(tokens);
      },
      addSecrets: logger.addSecrets,
      isTrial: options.isTrial === true,
      signIn: signInAdvice(config.subdomain, store?.flag),
      now: clock.now,
    });
}

/** Longer than it takes to notice that the holder of a lock has died. */
const shortestLockWaitMs = 30_000;

const noPlace =
  'the access token was renewed, and there is no place to keep the next refresh token: a refresh token works ' +
  'only once, so the next run has to sign in again. Set token_file, or use a config that ' +
  '"tap-zendesk-chat login" has written';

function signInAdvice(subdomain: string, flag: string | undefined): string {
  const place = flag === undefined ? '' : ` ${flag}`;
  return `Sign in again: tap-zendesk-chat login --subdomain ${subdomain} --client-id CLIENT_ID${place}`;
}
