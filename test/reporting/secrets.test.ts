/** No secret is ever written, and the log contains no personal data. */
import { expect, test } from '@jest/globals';

import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { catalogOf, mark } from '../support/catalogs.ts';
import { startLocalServer, withClosedPort } from '../support/local-server.ts';
import { runTap, type TapInput, type TapResult } from '../support/run-tap.ts';
import { spawnTap } from '../support/spawn-tap.ts';
import { withWorld, type World } from '../support/world.ts';
import { lasting, passing } from '../no-loss/fault-cases.ts';
import {
  formsOf,
  markedSecrets,
  markedToken,
  markOddities,
  markPersons,
  person,
  personalDataIn,
  secretsIn,
} from '../support/secret-marks.ts';
import { chosen } from '../no-loss/full-set.ts';

/** The log formats for people and for programs. */
const formats = ['text', 'json'] as const;

const options: SandboxOptions = { token: markedToken, chats: 16, switches: { maxPage: 6 } };

/** A sandbox and a tap with every secret that a config can contain. */
function withSecrets(
  format: string,
  change: SandboxOptions,
  work: (world: World) => Promise<void>,
): Promise<void> {
  const config = { ...markedSecrets, log_format: format, max_retry_seconds: 1 };
  return withWorld({ ...options, ...change }, ({ run, ...world }) =>
    work({ ...world, run: (input) => run({ config, ...input }) }),
  );
}

function expectSilence(result: TapResult): void {
  expect(secretsIn(result)).toEqual([]);
  expect(personalDataIn(result)).toEqual([]);
}

test.each(formats)(
  'A full run writes personal data only to stdout, and no secret (%s log)',
  async (format) => {
    await withSecrets(format, {}, async ({ sandbox, run }) => {
      markPersons(sandbox);
      const result = await run();
      expect(result.code).toBe(0);
      expectSilence(result);
      expect(Object.values(person).filter((datum) => !result.stdout.includes(datum))).toEqual([]);

      const resumed = await run({ state: result.lastState });
      expect(resumed.code).toBe(0);
      expectSilence(resumed);
    });
  },
);

test.each(formats)(
  'Warnings about unexpected values do not contain them (%s log)',
  async (format) => {
    await withSecrets(format, { chats: 60, hostile: true }, async ({ sandbox, run }) => {
      markPersons(sandbox);
      markOddities(sandbox);
      const result = await run();
      expect(result.code).toBe(1);
      expect(result.stderr).toContain('/visitor');
      expect(result.stderr).toContain('/brand_new');
      expect(result.stderr).toContain('has no id and is left out');
      expectSilence(result);
      expect(result.stdout).toContain(person.text);
    });
  },
);

test.each(formats)('Unselected columns are not mentioned in the log (%s log)', async (format) => {
  await withSecrets(format, { chats: 60, hostile: true }, async ({ sandbox, run }) => {
    markPersons(sandbox);
    markOddities(sandbox);
    const catalog = catalogOf('chats', (entry) => {
      for (const column of Object.keys(entry.schema.properties ?? {})) {
        mark(entry, column, { selected: false });
      }
    });
    const result = await run({ catalog });
    expectSilence(result);
    expect(Object.values(person).filter((datum) => result.stdout.includes(datum))).toEqual([]);
  });
});

const faultRuns = [...passing, ...lasting].flatMap(({ name, fault, exitCode = 1 }) =>
  formats.map((format) => ({ name, fault, exitCode, format })),
);

test.each(
  chosen(
    faultRuns,
    ({ name, format }) => format === 'text' && ['401', 'a reset connection'].includes(name),
  ),
)(
  'A failure reveals no secret and no personal data: $name ($format log)',
  async ({ format, fault, exitCode }) => {
    await withSecrets(format, {}, async ({ sandbox, run }) => {
      markPersons(sandbox);
      sandbox.faults.add(
        { path: 'incremental/chats', nth: 2, fault },
        { path: 'incremental/chats', nth: 3, fault },
        { path: '=bans', fault },
      );
      const result = await run();
      expect(result.code).toBe(exitCode);
      expectSilence(result);
    });
  },
);

const quoted = formsOf(markedToken).flatMap((form, place) =>
  // Around the position where long responses are truncated, so that only a part of the token remains.
  [0, 160, 170, 180, 190, 195].map((before) => ({ form, before, name: `form ${place + 1}` })),
);

test.each(chosen(quoted, ({ before }) => before === 180))(
  'An API error that contains the token ($name, after $before letters) does not reveal it in the log',
  async ({ form, before }) => {
    const error = `${'x'.repeat(before)}${form} is not known`;
    const server = await startLocalServer((_request, response) => {
      response
        .writeHead(422, form.slice(0, 20), { 'content-type': 'application/json', 'x-said': 'no' })
        .end(JSON.stringify({ error }));
    });
    try {
      const result = await runTap({
        sandboxUrl: server.origin,
        config: { subdomain: 'acme', ...markedSecrets },
        catalog: catalogOf('chats'),
        env: { LOGLEVEL: 'debug' },
      });
      expect(result.code).toBe(1);
      expect(result.stderr).toContain('answers 422 Unprocessable Entity ("');
      expect(secretsIn(result)).toEqual([]);
    } finally {
      await server.close();
    }
  },
);

interface BadInput {
  readonly name: string;
  readonly input: TapInput;
  /** Default: 2. */
  readonly exitCode?: number;
}

const good = { subdomain: 'acme', max_retry_seconds: 0, ...markedSecrets };
const { access_token: token } = markedSecrets;

/** For misplaced secrets in files, variables and arguments, see wrong-inputs.test.ts. */
const badInputs: readonly BadInput[] = [
  {
    name: 'the token behind the subdomain',
    input: { config: { ...good, subdomain: `https://acme.example.test/?access_token=${token}` } },
  },
  {
    name: 'a secret of two lines',
    input: { config: { ...good, client_secret: `${token}\nx` } },
    exitCode: 1,
  },
  { name: 'JSON in single quotes', input: { config: `{'access_token': '${token}'}` } },
  { name: 'the token alone', input: { config: token } },
  { name: 'a state that is none', input: { config: good, state: `{"bookmarks": "${token}` } },
  { name: 'a catalog that is none', input: { config: good, catalog: `{"streams": ["${token}"` } },
  {
    name: 'an API with a password in its address',
    input: { config: good, env: { ZENDESK_CHAT_API_URL: `https://me:${token}@127.0.0.1/` } },
  },
  {
    name: 'an API with the token in its address',
    input: {
      config: good,
      env: { ZENDESK_CHAT_API_URL: `http://127.0.0.1/?${encodeURIComponent(token)}` },
    },
  },
  { name: 'an API that cannot be reached', input: { config: good }, exitCode: 1 },
  {
    name: 'a user agent with a line break',
    input: { config: { ...good, user_agent: `a\r\nx-token: ${token}` } },
  },
];

function expectTold(result: TapResult, exitCode = 2): void {
  expect(result.code).toBe(exitCode);
  expect(result.stderr).toContain('CRITICAL ');
  expect(secretsIn(result)).toEqual([]);
}

test.each(badInputs)(
  'The error about an invalid input does not contain its secret: $name',
  async ({ input, exitCode }) => {
    await withClosedPort(async (sandboxUrl) => {
      const env = { LOGLEVEL: 'debug', ...input.env };
      expectTold(await runTap({ sandboxUrl, ...input, env }), exitCode);
    });
  },
);

const secretText = encodeURIComponent(token);

/** Proxies are read from the environment of the process itself. */
test.each([
  {
    name: 'with a password that cannot be reached',
    proxyAt: (host: string) => `http://me:${secretText}@${host}`,
    exitCode: 1,
  },
  { name: 'that is none', proxyAt: () => `me:${token}@:`, exitCode: 2 },
])('The error about a proxy $name does not contain its secret', async ({ proxyAt, exitCode }) => {
  await withClosedPort(async (origin) => {
    const env = { LOGLEVEL: 'debug', HTTPS_PROXY: proxyAt(new URL(origin).host) };
    const input = { sandboxUrl: 'https://api.example.test', config: good, env };
    expectTold(await spawnTap(input), exitCode);
  });
});

test('Discovery does not print the config', async () => {
  const result = await runTap({
    args: ['--discover'],
    config: good,
    env: { LOGLEVEL: 'debug' },
  });
  expect(result.code).toBe(0);
  expect(secretsIn(result)).toEqual([]);
});
