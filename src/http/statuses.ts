import type { ErrorKind } from '../core/errors.ts';

/** The meaning of a response status: the kind of the error, and what the user can do. */
interface StatusRule {
  readonly kind: ErrorKind;
  /** A sentence for the user. */
  readonly advice: string;
}

export const tryLaterAdvice = 'Try again later.';
export const proxyPasswordAdvice =
  'The proxy requires a user name and a password: add them to HTTPS_PROXY.';

const transientStatus: StatusRule = { kind: 'transient', advice: tryLaterAdvice };
const unknownStatus = systemStatus(
  'The tap does not know this status: report it together with this line.',
);

function configStatus(advice: string): StatusRule {
  return { kind: 'config', advice };
}

function systemStatus(advice: string): StatusRule {
  return { kind: 'system', advice };
}

/**
 * Rules for statuses of RFC 9110 and the IANA registry, of Zendesk (API page on errors), and of gateways (Internet
 * Information Services 449, nginx 49x, Cloudflare 52x). For other statuses, see `statusRule`.
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
      'the account must resolve this in Zendesk.',
  ),
  403: configStatus(
    "The token's user may not read this: the role, the plan or the kind of account does not include " +
      'it. Use the token of an administrator or deselect the stream.',
  ),
  404: systemStatus(
    'The account does not have this resource: check the subdomain, or deselect the stream.',
  ),
  407: configStatus(proxyPasswordAdvice),
  410: systemStatus('The address is no longer in use: check the subdomain.'),
  423: configStatus(
    'The account or the resource is locked: an administrator of the account must unlock it in ' +
      'Zendesk, or contact Zendesk support.',
  ),
  ...sameRule(
    configStatus('The headers are too long: check access_token and user_agent in the config.'),
    [431, 494],
  ),
  451: configStatus(
    'Access is blocked for legal reasons: see the message of the API, or ask the owner of the account. ' +
      'Deselect the stream, or run the tap where access is allowed.',
  ),
  511: configStatus(
    'The network requires a login before it allows requests: log in, or use another network.',
  ),
  // The API does not send these for the tap's requests, so they come from a proxy or a firewall.
  ...sameRule(
    systemStatus(
      'The API is not known to send this status: check ZENDESK_CHAT_API_URL and any proxy or firewall in between, ' +
        'or report this line.',
    ),
    [405, 406, 411, 412, 415, 416, 417, 426, 428, 501, 505, 506, 510],
  ),
};

function sameRule(rule: StatusRule, statuses: readonly number[]): Record<number, StatusRule> {
  return Object.fromEntries(statuses.map((status) => [status, rule]));
}

/** The rule of a status. An unknown 5xx is transient; any other unknown status is a system error. */
export function statusRule(status: number): StatusRule {
  return rules[status] ?? (status >= 500 ? transientStatus : unknownStatus);
}
