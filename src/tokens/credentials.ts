import type { Clock } from '../core/clock.ts';
import type { Config } from '../config/config.ts';
import { foreign } from '../core/foreign-text.ts';
import type { Credentials, HttpClient } from '../http/client.ts';
import type { Logger } from '../core/logger.ts';
import { bearerCredentials, type Tokens } from '../zendesk/credentials.ts';

/** How a program handles renewed tokens. */
export interface TokenOptions {
  /** Config files. The one that `login` has written stores renewed tokens. Default: none. */
  readonly configFiles?: readonly string[];
  /** Uses a refresh token only if a file can store the next one. Default: false. */
  readonly isDryRun?: boolean;
  /** Sends renewed tokens to the program that stores the config. Resolves after they are written. */
  readonly onRenewed?: (tokens: Tokens) => Promise<void>;
}

export interface CredentialsOptions extends TokenOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type CredentialsFactory = (post: HttpClient['post']) => Credentials;

/** Loads the modules that renew tokens only if the config has something to renew a token with. */
export async function createCredentials(options: CredentialsOptions): Promise<CredentialsFactory> {
  const { access_token: token, refresh_token, token_file } = options.config;
  const isPlain = refresh_token === undefined && token_file === undefined;
  if (token !== undefined && isPlain) return () => bearerCredentials(token);
  return createRenewingCredentials(options);
}

async function createRenewingCredentials(options: CredentialsOptions): Promise<CredentialsFactory> {
  const { config, logger, clock, signal, configFiles = [], onRenewed } = options;
  const configTokens = { accessToken: config.access_token, refreshToken: config.refresh_token };
  const { RenewingCredentials } = await import('../zendesk/renewing-credentials.ts');
  const { Grants } = await import('../zendesk/grants.ts');
  const { chooseTokenStore } = await import('./choose-token-store.ts');
  const store = await chooseTokenStore({
    config,
    configTokens,
    configFiles,
    clock,
    signal,
    maxWaitMs: Math.max(config.max_retry_seconds * 1000, minLockWaitMs),
    onWait: () => logger.info('waiting for another run to renew the access token'),
  });
  const hasNoPlace = store === undefined && onRenewed === undefined;
  return (post) =>
    new RenewingCredentials({
      configTokens,
      client: { clientId: config.client_id, clientSecret: config.client_secret },
      grantsFor: (client) => new Grants({ ...client, post, now: clock.now }),
      store: store?.store,
      onRenewed: async (tokens) => {
        if (hasNoPlace) logger.warning(noPlaceWarning);
        else logger.info('the access token was renewed');
        await onRenewed?.(tokens);
      },
      addSecrets: logger.addSecrets,
      isDryRun: options.isDryRun === true,
      signIn: signInAdvice(config.subdomain, store?.flag),
      now: clock.now,
    });
}

/** Longer than it takes for the lock of a dead process to expire. */
const minLockWaitMs = 30_000;

const noPlaceWarning =
  'the access token was renewed, but no file can store the next refresh token. A refresh token works only once, ' +
  'so you must sign in again before the next run. Set token_file, or use a config written by ' +
  '"tap-zendesk-chat login"';

function signInAdvice(subdomain: string, flag: string | undefined): string {
  const place = flag === undefined ? '' : ` ${flag}`;
  return `Sign in again: tap-zendesk-chat login --subdomain ${foreign(subdomain)} --client-id CLIENT_ID${place}`;
}
