/** For any response of a token endpoint, secrets of a renewal or a sign-in are only written where tokens are stored. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { startLocalServer } from '../support/local-server.ts';
import { bring, decide, send } from '../support/play-browser.js';
import { connection, runVerb } from '../support/run-source.ts';
import { runTap } from '../support/run-tap.ts';
import { signIn } from '../support/sign-in.ts';
import { withSandbox } from '../support/with-sandbox.ts';
import { formsOf, markedSecrets, secretsIn, secretsOfForm } from '../support/secret-marks.ts';
import { chosen } from '../no-loss/full-set.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Parts of secrets in files that other users can read. */
async function secretsInFiles(more: Iterable<string>): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  const texts = names.map(async (name) => {
    const path = join(folder, name);
    const { mode } = await stat(path);
    return (mode & 0o077) === 0 || name.endsWith('.lock') ? '' : readFile(path, 'utf8');
  });
  return secretsIn({ stdout: (await Promise.all(texts)).join('\n'), stderr: '' }, more);
}

type Echo = (response: ServerResponse, said: string) => void;

function json(status: number, body: (said: string) => object): Echo {
  return (response, said) =>
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify(body(said)));
}

/** Rejections that repeat the request. */
const echoes: readonly (readonly [name: string, echo: Echo, exitCode?: number])[] = [
  [
    '400 with a description',
    json(400, (said) => ({ error: 'invalid_grant', error_description: said })),
  ],
  ['400 with words of its own', json(400, (said) => ({ error: said }))],
  ['401', json(401, (said) => ({ error: 'invalid_client', message: said }))],
  ['422', json(422, (said) => ({ errors: [{ title: said, detail: said }] })), 1],
  ['an error with 200', json(200, (said) => ({ error: said })), 1],
  ['no valid tokens', json(200, (said) => ({ token_type: said, access_token: `${said} \n` })), 1],
  ['503', json(503, (said) => ({ message: said })), 1],
  [
    'plain text',
    (response, said) => response.writeHead(400, { 'content-type': 'text/plain' }).end(said),
  ],
  [
    'HTML',
    (response, said) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${said}</p>`),
    1,
  ],
  ['a status text', (response, said) => response.writeHead(400, encodeURIComponent(said)).end()],
  [
    'a redirect to a path',
    (response, said) =>
      response.writeHead(302, { location: `/${encodeURIComponent(said)}?${said}` }).end(),
  ],
  [
    'a redirect to a host',
    (response, said) =>
      response
        .writeHead(307, { location: `https://elsewhere.test/?${encodeURIComponent(said)}` })
        .end(),
  ],
];

/** How the request is repeated: the whole form, its values unchanged, or its values encoded. */
const ways: readonly (readonly [string, (form: string) => string])[] = [
  ['the form', (form) => form],
  ['its values', (form) => secretsOfForm(form).join(' ')],
  ['all forms of its values', (form) => secretsOfForm(form).flatMap(formsOf).join(' ')],
];

const cases = echoes.flatMap(([name, echo, exitCode = 2]) =>
  ways.map(([way, repeat]) => ({ name: `${name} with ${way}`, echo, repeat, exitCode })),
);
const fewCases = chosen(cases, ({ name }) => name.endsWith('with the form'));

/** A server that accepts no token and whose token endpoint repeats the request. */
async function withEcho(
  { echo, repeat }: (typeof cases)[number],
  work: (origin: string, sent: ReadonlySet<string>) => Promise<void>,
): Promise<void> {
  const sent = new Set<string>();
  const server = await startLocalServer((request, response) => {
    const answer = async (): Promise<void> => {
      const form = await text(request);
      for (const secret of secretsOfForm(form)) sent.add(secret);
      if (request.url?.endsWith('/token') === true) echo(response, repeat(form));
      else response.writeHead(401, { 'content-type': 'application/json' }).end('{}');
    };
    answer().catch(() => response.destroy());
  });
  try {
    await work(server.origin, sent);
  } finally {
    await server.close();
  }
}

const { access_token: _access, ...withoutAccess } = markedSecrets;
const patience = { subdomain: 'acme', max_retry_seconds: 0 };

test.each(fewCases)('A rejected renewal reveals no secret: $name', async (one) => {
  await withEcho(one, async (sandboxUrl, sent) => {
    const token_file = join(folder, 'tokens.json');
    for (const log_format of ['text', 'json']) {
      const config = { ...patience, ...markedSecrets, token_file, log_format };
      const result = await runTap({ sandboxUrl, config, env: { LOGLEVEL: 'debug' } });
      expect(result.code).toBe(one.exitCode);
      expect(secretsIn(result)).toEqual([]);
      expect(await secretsInFiles([])).toEqual([]);
    }
    expect(sent).toContain(markedSecrets.refresh_token);
  });
});

test.each(fewCases)(
  'A rejected renewal of the Airbyte source reveals no secret: $name',
  async (one) => {
    await withEcho(one, async (origin, sent) => {
      const env = { ZENDESK_CHAT_API_URL: origin, LOGLEVEL: 'debug' };
      const credentials = { credentials: 'oauth2.0', ...withoutAccess };
      const config = { ...patience, credentials, token_file: join(folder, 'tokens.json') };
      const read = await runVerb('read', { config, catalog: await connection(['agents']), env });
      const clock = createFakeClock(Date.now());
      const check = await runVerb('check', { config, env, clock });
      for (const { stdout, stderr } of [read, check])
        expect(secretsIn({ stdout: stdout.toString('utf8'), stderr })).toEqual([]);
      expect(await secretsInFiles([])).toEqual([]);
      expect(sent).toContain(markedSecrets.client_secret);
    });
  },
);

test.each(fewCases)('A rejected sign-in reveals no secret: $name', async (one) => {
  await withEcho(one, async (url, sent) => {
    const out = join(folder, 'config.json');
    let page = '';
    const browse = async ({ searchParams }: URL): Promise<void> => {
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', 'CODE-18fa/+=&%-do-not-show');
      back.searchParams.set('state', searchParams.get('state') ?? '');
      page = (await send(back.href)).body;
    };
    // The URL in the terminal contains the client id, which is not a secret here.
    const args = ['--client-id', 'c', '--out', out];
    const secret = markedSecrets.client_secret;
    const clock = createFakeClock(Date.now());
    const { ended, stdout, stderr } = await signIn({ url }, { args, secret, browse, clock });
    expect(ended).not.toBe(0);
    expect(page).toMatch(/You are not signed in.*[^.]\. The terminal shows the same message\./s);
    const secrets = [...sent].filter((value) => value !== 'c');
    expect(secrets).toHaveLength(3);
    expect(secretsIn({ stdout: stdout + page, stderr }, secrets)).toEqual([]);
  });
});

/** All tokens that the sandbox issues from now on. */
function issuedBy({ provider }: Sandbox): readonly string[] {
  const issued: string[] = [];
  const note = <T extends object | string | undefined>(given: T): T => {
    issued.push(...(typeof given === 'string' ? [given] : Object.values(given ?? {})));
    return given;
  };
  const issue = provider.issue.bind(provider);
  const issueCode = provider.issueCode.bind(provider);
  const redeemCode = provider.redeemCode.bind(provider);
  const noted: Partial<Sandbox['provider']> = {
    issue: (...args) => note(issue(...args)),
    issueCode: (allowed) => note(issueCode(allowed)),
    redeemCode: (code, proof) => {
      note(proof.verifier);
      return redeemCode(code, proof);
    },
  };
  Object.assign(provider, noted);
  return issued;
}

const { client_id, client_secret } = markedSecrets;
const clients = [{ id: client_id, secret: client_secret }, { id: 'sandbox-public' }];

test.each([true, false])(
  'A renewal reveals no secret, whether or not the new tokens can be stored (%s)',
  async (isKept) => {
    await withSandbox({ clients }, async (sandbox) => {
      const issued = issuedBy(sandbox);
      const pair = sandbox.provider.issue(client_id, true);
      sandbox.provider.expire();
      const config = {
        ...sandbox.config,
        ...pair,
        client_id,
        client_secret,
        ...(isKept && { token_file: join(folder, 'tokens.json') }),
      };
      const env = { LOGLEVEL: 'debug' };
      const result = await runTap({ sandboxUrl: sandbox.url, config, env });
      expect(result.code).toBe(0);
      expect(issued).toHaveLength(4);
      expect(secretsIn(result, issued)).toEqual([]);
      expect(await secretsInFiles(issued)).toEqual([]);
    });
  },
);

test('A renewal of the Airbyte source sends secrets only in CONTROL messages', async () => {
  await withSandbox({ clients }, async (sandbox) => {
    const issued = issuedBy(sandbox);
    const pair = sandbox.provider.issue(client_id, true);
    sandbox.provider.expire();
    const credentials = { credentials: 'oauth2.0', client_id, client_secret, ...pair };
    const run = await runVerb('read', {
      config: { subdomain: 'sandbox', credentials },
      catalog: await connection(['agents', 'chats']),
      env: { ZENDESK_CHAT_API_URL: sandbox.url, LOGLEVEL: 'debug' },
    });
    expect(run.code).toBe(0);
    const lines = run.stdout.toString('utf8').split('\n');
    const others = lines.filter((line) => !line.startsWith('{"type":"CONTROL"'));
    expect(lines.length - others.length).toBe(1);
    expect(issued).toHaveLength(4);
    expect(secretsIn({ stdout: others.join('\n'), stderr: run.stderr }, issued)).toEqual([]);
  });
});

test.each([
  ['code', client_id, client_secret],
  ['implicit', 'sandbox-public', undefined],
])('A sign-in reveals no secret: %s flow', async (_flow, id, secret) => {
  await withSandbox({ clients }, async (sandbox) => {
    const issued = issuedBy(sandbox);
    let page = '';
    const browse = async (address: URL): Promise<void> => {
      page = (await bring(await decide(address, 'allow'))).body;
    };
    const args = ['--client-id', id, '--out', join(folder, 'config.json')];
    const given = secret === undefined ? {} : { secret };
    const { ended, stdout, stderr } = await signIn(sandbox, { args, ...given, browse });
    expect(ended).toBe(0);
    expect(issued.length).toBeGreaterThan(0);
    // The URL in the terminal contains the client id.
    const told = stderr.replaceAll(/^ {2}http.*$/gm, '');
    expect(secretsIn({ stdout: stdout + page, stderr: told }, issued)).toEqual([]);
    expect(await secretsInFiles(issued)).toEqual([]);
  });
});
