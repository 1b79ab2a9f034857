/** `tap-zendesk-chat login`: signs in through the browser and writes a config. */
import { createHash, randomBytes } from 'node:crypto';
import process from 'node:process';

import { createGrants, checkAccount, type ApiOptions } from '../sync/build-sync.ts';
import { apiOrigin, type Config } from '../config/config.ts';
import { parseConfig } from '../config/parse.ts';
import { asTapError, ConfigError, TapError } from '../core/errors.ts';
import { withoutMarks } from '../core/foreign-text.ts';
import { quietLogger } from '../core/logger.ts';
import type { RunContext } from '../cli/program.ts';
import type { OAuthClient, Tokens } from '../zendesk/credentials.ts';
import { authorizePath, scope, tokensFromResponse } from '../zendesk/grants.ts';
import { parseArguments, type LoginArguments } from './arguments.ts';
import { describeOAuthError } from './oauth-error.ts';
import { isSameSecret, startCallbackServer } from './callback-server.ts';
import type { SignInOutcome } from './callback-page.ts';
import { saveTokens, nextCommand, checkDestination } from './token-destination.ts';
import { promptHidden } from './prompt.ts';

export interface LoginRun extends RunContext {
  /** Default: the user's browser. */
  readonly openBrowser?: (address: string) => Promise<void>;
}

const stoppedError = new TapError('stopped by a signal: run the command again to sign in', {
  kind: 'transient',
});

const signInTimeoutMs = 5 * 60_000;

const stillWaitingMessage =
  'This login is still waiting for its answer: use the page that it opened.';

/** One attempt to sign in. `state` and `verifier` (PKCE) tie the answer to it. */
interface SignInAttempt extends LoginArguments {
  readonly run: LoginRun;
  readonly config: Config;
  readonly client: OAuthClient;
  readonly state: string;
  readonly verifier: string;
}

/** @returns The exit code, or the text for --help. @throws TapError if the sign-in fails. */
export async function login(run: LoginRun): Promise<number | string> {
  const args = await parseArguments(run.argv.slice(1));
  if (typeof args === 'string') return args;
  run.signals.catchSignals();
  return signIn(run, args).catch((error: unknown) => {
    throw run.signals.signal.aborted ? stoppedError : error;
  });
}

async function signIn(run: LoginRun, args: LoginArguments): Promise<number> {
  const { env, clock, stderr, signals } = run;
  const settings = { subdomain: args.subdomain, access_token: '-', max_retry_seconds: 20 };
  const { config } = await parseConfig(settings, { nowMs: clock.now() });
  await checkDestination(args.destination, config.subdomain);
  const given = env['TAP_ZENDESK_CHAT_CLIENT_SECRET'] ?? '';
  const canAsk = given === '' && process.stdin.isTTY;
  const question = 'Client secret (not shown; leave it empty if the client has none): ';
  const secret = canAsk ? await promptHidden(question, stderr, signals.signal) : given;
  const client = { clientId: args.clientId, ...(secret !== '' && { clientSecret: secret }) };
  const [state, verifier] = [randomSecret(), randomSecret()];
  const attempt: SignInAttempt = { ...args, run, config, client, state, verifier };
  run.logger.addSecrets([secret, verifier]);
  await (args.isPaste ? signInWithPastedAddress(attempt) : signInWithBrowser(attempt));
  return 0;
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

async function signInWithBrowser(attempt: SignInAttempt): Promise<void> {
  const { run, port, state } = attempt;
  let failure: unknown;
  const server = await startCallbackServer({
    port,
    state,
    onCallback: async (answer) => {
      try {
        return await completeSignIn(attempt, answer, server.redirectUri);
      } catch (error) {
        failure = error;
        const { message } = asTapError(error, 'this is a bug, please report it');
        const why = run.logger.redact(message).replace(/\.$/, '');
        return failureOutcome(
          'You are not signed in',
          `${why}. The terminal shows the same message.`,
        );
      }
    },
    onWrongState: (answer) => {
      const why = rejectionReason(answer, server.redirectUri);
      run.logger.warning(why);
      return failureOutcome('This is not the answer to this login', run.logger.redact(why));
    },
  });
  try {
    await showAddress(attempt, server.redirectUri);
    await withSignInTimeout(run, server.answered);
  } finally {
    await server.close();
  }
  if (failure !== undefined) throw failure;
}

function failureOutcome(title: string, why: string): SignInOutcome {
  return { isGood: false, title, text: `${why.charAt(0).toUpperCase()}${why.slice(1)}` };
}

/** Some servers send errors without a state. The error is shown, although it may belong to another login. */
function rejectionReason(answer: URLSearchParams, redirectUri: string): string {
  const hasState = answer.has('state');
  const problem =
    !hasState && answer.has('error') && describeOAuthError(answer, 'code', redirectUri);
  const why = problem ? ` (${problem})` : ' because it belongs to another login';
  return `an answer with ${hasState ? 'another' : 'no'} state was rejected${why}. ${stillWaitingMessage}`;
}

/** Waits for the answer for at most five minutes, or until a signal stops the program. */
async function withSignInTimeout(run: LoginRun, answered: Promise<void>): Promise<void> {
  const { signal } = run.signals;
  let timer: { readonly clear: () => void } | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new TapError(
      'no answer arrived within five minutes. Run the command again. If the browser showed an error from Zendesk, ' +
        'check the client ID, and check that the redirect URL is registered for the API client',
      { kind: 'config' },
    );
    timer = run.clock.timer(signInTimeoutMs, () => reject(error));
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([answered, late]);
  } finally {
    timer?.clear();
  }
}

async function showAddress(attempt: SignInAttempt, redirectUri: string): Promise<void> {
  const { run, isPaste } = attempt;
  const address = addressOf(attempt, redirectUri);
  run.stderr.write(
    `In the browser, sign in as an administrator and allow access:\n\n  ${address}\n\n` +
      `If Zendesk shows an error, check the client ID and register ${redirectUri} as its redirect URL.\n`,
  );
  if (isPaste) return;
  const open = run.openBrowser ?? openInBrowser;
  // If no browser can be started, the user opens the address by hand.
  await open(address).catch(() => undefined);
}

async function openInBrowser(address: string): Promise<void> {
  const { default: open } = await import('open');
  const child = await open(address);
  child.on('error', () => undefined);
}

function addressOf(attempt: SignInAttempt, redirectUri: string): string {
  const { run, config, client, state, verifier } = attempt;
  const url = new URL(authorizePath, apiOrigin(config.subdomain, run.env));
  const hasSecret = client.clientSecret !== undefined;
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
  url.search = new URLSearchParams({
    response_type: hasSecret ? 'code' : 'token',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    scope,
    state,
    ...(hasSecret && pkce),
  }).toString();
  return url.href;
}

/** For a browser that cannot reach this machine. Its last page does not load, but the address contains the answer. */
async function signInWithPastedAddress(attempt: SignInAttempt): Promise<void> {
  const { run, port, state } = attempt;
  const redirectUri = `http://localhost:${port}`;
  await showAddress(attempt, redirectUri);
  const question = `\nThe last page, on ${redirectUri}, does not load in the browser. Paste its address (not shown): `;
  const pasted = await promptHidden(question, run.stderr, run.signals.signal);
  const url = URL.canParse(pasted) ? new URL(pasted) : undefined;
  if (url === undefined)
    throw new ConfigError('this is not an address: copy everything in the address bar');
  const answer = new URLSearchParams(url.search);
  for (const [key, value] of new URLSearchParams(url.hash.slice(1))) answer.set(key, value);
  if (!isSameSecret(answer.get('state') ?? '', state))
    throw new ConfigError('this address is not the answer to this login: it has another state');
  await completeSignIn(attempt, answer, redirectUri);
}

/** Exchanges the answer for tokens, stores them and tests them. */
async function completeSignIn(
  attempt: SignInAttempt,
  answer: URLSearchParams,
  redirectUri: string,
): Promise<SignInOutcome> {
  const { run, config, client, destination } = attempt;
  const { stdout, stderr } = run;
  run.logger.addSecrets([answer.get('code') ?? '', answer.get('access_token') ?? '']);
  const isCodeFlow = client.clientSecret !== undefined;
  const problem = describeOAuthError(answer, isCodeFlow ? 'code' : 'access_token', redirectUri);
  if (problem !== undefined) throw new ConfigError(problem);
  const tokens = await requestTokens(attempt, answer, redirectUri);
  const { accessToken, refreshToken = '' } = tokens;
  run.logger.addSecrets([accessToken, refreshToken]);
  await saveTokens(destination, { subdomain: config.subdomain, client, tokens, stdout });
  const newConfig = { ...config, access_token: accessToken };
  const failure = await checkAccount(apiOptions(attempt, newConfig));
  if (failure !== undefined) {
    const text = `you are signed in and the tokens are stored, but they cannot read the account: ${failure.message}`;
    throw new TapError(text, { kind: failure.kind, cause: failure });
  }
  const next = withoutMarks(nextCommand(destination, config.subdomain));
  stderr.write(`\nSigned in to ${config.subdomain}: the token works. ${next}\n`);
  const text = `tap-zendesk-chat can read ${config.subdomain}. Close this tab and go back to the terminal, which shows the next command.`;
  return { isGood: true, title: 'You are signed in', text };
}

async function requestTokens(
  attempt: SignInAttempt,
  answer: URLSearchParams,
  redirectUri: string,
): Promise<Tokens> {
  const { run, config, client, verifier } = attempt;
  if (client.clientSecret === undefined) return tokensOfImplicitFlow(answer, run.clock.now());
  const grants = await createGrants(apiOptions(attempt, config), client);
  return grants.authorizationCode(answer.get('code') ?? '', redirectUri, verifier);
}

/** The tokens in the answer of the implicit flow, which needs no exchange. */
function tokensOfImplicitFlow(answer: URLSearchParams, obtainedMs: number): Tokens {
  const access_token = answer.get('access_token') ?? '';
  const seconds = Number(answer.get('expires_in') ?? '');
  const expiry = seconds >= 1 && { expires_in: seconds };
  return tokensFromResponse({ access_token, ...expiry }, obtainedMs);
}

function apiOptions({ run }: SignInAttempt, config: Config): ApiOptions {
  return { ...run, config, logger: quietLogger(run.logger) };
}
