import type { ErrorKind } from '../core/errors.ts';

/** What an answer's status means: who must act, whether asking again helps (`transient`), and what to do. */
interface StatusRule {
  readonly kind: ErrorKind;
  /** A sentence for the user. */
  readonly advice: string;
}

export const tryLaterAdvice = 'Try again later.';
export const proxyPasswordAdvice =
  'The proxy asks for a user name and a password: put them into HTTPS_PROXY.';

const transientStatus: StatusRule = { kind: 'transient', advice: tryLaterAdvice };
const unknownStatus = systemStatus(
  'This is not known to the tap: report it together with this line.',
);

function configStatus(advice: string): StatusRule {
  return { kind: 'config', advice };
}

function systemStatus(advice: string): StatusRule {
  return { kind: 'system', advice };
}

/**
 * All statuses with a meaning of their own: RFC 9110 and the IANA registry, the API page on errors for
 * those of Zendesk, and the ones gateways have made up (Internet Information Services 449, nginx 49x,
 * Cloudflare 52x). Others: `ruleFor`.
 */
const rules: Readonly<Record<number, StatusRule>> = {
  ...sameRule(transientStatus, [408, 409, 421, 424, 425, 429, 449, 499]),
  ...sameRule(
    systemStatus('The API does not accept this request: report it together with this line.'),
    [400, 413, 414, 422],
  ),
  401: configStatus(
    'The access token is refused: it is expired, of the wrong kind (a Support token is not a Chat ' +
      'token) or lacks the scopes "read chat". Sign in again, or put a new Chat token into the config.',
  ),
  402: configStatus(
    'The account is suspended, its trial or its subscription has ended, or a payment is due: an owner of ' +
      'the account must set that right in Zendesk.',
  ),
  403: configStatus(
    "The token's user may not read this: the role, the plan or the kind of account does not include " +
      'it. Use the token of an administrator or leave the stream out.',
  ),
  404: systemStatus('The account has no such thing: check the subdomain, or leave the stream out.'),
  407: configStatus(proxyPasswordAdvice),
  410: systemStatus('The address is out of use: check the subdomain.'),
  423: configStatus(
    'The account is locked, or what is asked for is: an administrator of the account must unlock it in ' +
      'Zendesk, or ask its support.',
  ),
  ...sameRule(
    configStatus('The headers are too long: check access_token and user_agent in the config.'),
    [431, 494],
  ),
  451: configStatus(
    'Access is blocked for legal reasons: the message of the API or the owner of the account tells which. ' +
      'Leave the stream out, or run from where access is allowed.',
  ),
  511: configStatus(
    'The network asks for a login before it lets requests out: log in to it, or use another.',
  ),
  // Not of the API, which is asked for no such thing: of something in between.
  ...sameRule(
    systemStatus(
      'The API is not known to answer so: check ZENDESK_CHAT_API_URL and any proxy or firewall in between, ' +
        'or report this line.',
    ),
    [405, 406, 411, 412, 415, 416, 417, 426, 428, 501, 505, 506, 510],
  ),
};

function sameRule(rule: StatusRule, statuses: readonly number[]): Record<number, StatusRule> {
  return Object.fromEntries(statuses.map((status) => [status, rule]));
}

/** A 5xx without a rule passes; any other status without one is not understood. */
export function statusRule(status: number): StatusRule {
  return rules[status] ?? (status >= 500 ? transientStatus : unknownStatus);
}
