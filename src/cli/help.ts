/** The parts of `tap-zendesk-chat --help` before and after the flags. The README has the same examples. */

export const usage = `$0 --config FILE [--catalog FILE] [--state FILE]
$0 --config FILE --check
$0 --discover
$0 login --subdomain NAME --client-id ID

Reads a Zendesk Chat account and writes it to stdout as Singer messages.
Logs go to stderr. The config needs at least two settings:
{"subdomain": "acme", "access_token": "your-chat-token"}
Try it without an account: zendesk-chat-sandbox demo`;

const environment = `Environment variables:
  TAP_ZENDESK_CHAT_*     Settings for --config=ENV, such as
                         TAP_ZENDESK_CHAT_SUBDOMAIN. Also read from a file .env
  TAP_ZENDESK_CHAT_CLIENT_SECRET
                         Client secret for login
  TAP_ZENDESK_CHAT_LOGLEVEL, LOGLEVEL
                         Log level
  SINGER_SDK_LOG_CONFIG  Python logging configuration, as Meltano passes it
  ZENDESK_CHAT_API_URL   Address of the API, for the sandbox
  HTTPS_PROXY, ALL_PROXY, NO_PROXY
                         Proxy, and hosts without it
  NODE_EXTRA_CA_CERTS    File with additional certificate authorities`;

const exitCodes = `Exit codes:
  0         Every selected stream was read, or the account does not have it
  1         A temporary failure, or a bug: run the tap again
  2         A failure that needs a correction: command line, config, catalog,
            state, token or permission
  130, 143  Stopped by SIGINT or SIGTERM`;

const examples = String.raw`Examples:

What can the token read?
  tap-zendesk-chat --config config.json --check

First run. state.json always holds the last complete state that the target
printed, even if the tap or the target fails:
  tap-zendesk-chat --config config.json | target-jsonl |
    while read -r state; do
      printf '%s\n' "$state" > state.tmp && mv -f state.tmp state.json
    done

Each later run continues from there:
  tap-zendesk-chat --config config.json --state state.json | target-jsonl |
    while read -r state; do
      printf '%s\n' "$state" > state.tmp && mv -f state.tmp state.json
    done

Settings from the environment or from a file .env, instead of config.json:
  echo 'TAP_ZENDESK_CHAT_ACCESS_TOKEN=your-chat-token' > .env
  chmod 600 .env
  tap-zendesk-chat --config config.json --config=ENV --check`;

export const epilogue: string = [environment, exitCodes, examples].join('\n\n');
