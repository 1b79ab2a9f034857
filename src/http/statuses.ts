import type { ErrorKind } from '../errors.ts';

/** What an answer's status means: who must act, whether asking again helps (`transient`), and what to do. */
export interface StatusRule {
  readonly kind: ErrorKind;
  /** A sentence for the user. */
  readonly advice: string;
}

export const later = 'Try again later.';
export const proxyPassword =
  'The proxy asks for a user name and a password: put them into HTTPS_PROXY.';

const passing: StatusRule = { kind: 'transient', advice: later };
const refused: StatusRule = {
  kind: 'system',
  advice: 'The API does not accept this request: report it together with this line.',
};
const unknown: StatusRule = {
  kind: 'system',
  advice: 'This is not known to the tap: report it together with this line.',
};
/** Not of the API, which is asked for no such thing: of something in between. */
const gateway: StatusRule = {
  kind: 'system',
  advice:
    'The API is not known to answer so: check ZENDESK_CHAT_API_URL and any proxy or firewall in between, ' +
    'or report this line.',
};
const longHeaders: StatusRule = {
  kind: 'config',
  advice: 'The headers are too long: check access_token and user_agent in the config.',
};

function user(advice: string): StatusRule {
  return { kind: 'config', advice };
}

/**
 * All statuses with a meaning of their own: RFC 9110 and the IANA registry, the API page on errors for
 * those of Zendesk, and the ones gateways have made up (nginx 49x, Cloudflare 52x). Others: `ruleFor`.
 */
const rules: Readonly<Record<number, StatusRule>> = {
  400: refused,
  401: user(
    'The access token is refused: it is expired, of the wrong kind (a Support token is not a Chat ' +
      'token) or lacks the scopes "read chat". Sign in again, or put a new Chat token into the config.',
  ),
  402: user(
    'The account is suspended, its trial or its subscription has ended, or a payment is due: an owner of ' +
      'the account must set that right in Zendesk.',
  ),
  403: user(
    "The token's user may not read this: the role, the plan or the kind of account does not include " +
      'it. Use the token of an administrator or leave the stream out.',
  ),
  404: {
    kind: 'system',
    advice: 'The account has no such thing: check the subdomain, or leave the stream out.',
  },
  405: gateway,
  406: gateway,
  407: user(proxyPassword),
  408: passing,
  409: passing,
  410: { kind: 'system', advice: 'The address is out of use: check the subdomain.' },
  411: gateway,
  412: gateway,
  413: refused,
  414: refused,
  415: gateway,
  416: gateway,
  417: gateway,
  421: passing,
  422: refused,
  423: user(
    'The account is locked, or what is asked for is: an administrator of the account must unlock it in ' +
      'Zendesk, or ask its support.',
  ),
  424: passing,
  425: passing,
  426: gateway,
  428: gateway,
  429: passing,
  431: longHeaders,
  // Internet Information Services: "retry with".
  449: passing,
  451: user(
    'Access is blocked for legal reasons: the message of the API or the owner of the account tells which. ' +
      'Leave the stream out, or run from where access is allowed.',
  ),
  494: longHeaders,
  // nginx: the connection to the server behind it was closed.
  499: passing,
  501: gateway,
  505: gateway,
  506: gateway,
  510: gateway,
  511: user(
    'The network asks for a login before it lets requests out: log in to it, or use another.',
  ),
};

/** A 5xx without a rule passes; any other status without one is not understood. */
export function ruleFor(status: number): StatusRule {
  return rules[status] ?? (status >= 500 ? passing : unknown);
}
