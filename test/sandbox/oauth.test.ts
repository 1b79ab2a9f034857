/** The sandbox as OAuth 2.0 provider: the authorize page, the token endpoint, and the life of tokens. */
import { createHash } from 'node:crypto';

import { afterEach, expect, test } from '@jest/globals';

import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/api/server.ts';
import {
  closeAll,
  control,
  startFrozenSandbox,
  noon,
  noonMs,
  send,
  type Answer,
} from './sandbox-requests.ts';

afterEach(closeAll);

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const client = { client_id: 'sandbox-client', client_secret: 'sandbox-secret' };
const redirect_uri = 'http://localhost:8080';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in?: unknown;
  readonly error?: string;
}

function post(sandbox: Sandbox, path: string, fields: Record<string, string>): Promise<Answer> {
  const body = new URLSearchParams(fields).toString();
  return send(`${sandbox.url}/oauth2/chat/${path}`, { method: 'POST', headers: form, body });
}

async function tokenFor(sandbox: Sandbox, fields: Record<string, string>) {
  const { status, text } = await post(sandbox, 'token', { ...client, ...fields });
  const tokens: Tokens = JSON.parse(text);
  return { status, ...tokens };
}

/** Where the browser is sent back to. */
async function decide(sandbox: Sandbox, fields: Record<string, string>): Promise<URL> {
  const asked = { client_id: client.client_id, redirect_uri, state: 'a&b', ...fields };
  const { headers } = await post(sandbox, 'authorizations/new', asked);
  return new URL(headers.location ?? '');
}

async function statusWith(sandbox: Sandbox, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await send(`${sandbox.url}/api/v2/chat/agents/me`, { headers })).status;
}

test('The authorize page names the client and offers both decisions', async () => {
  const sandbox = await startFrozenSandbox();
  const query = new URLSearchParams({ client_id: 'sandbox-client', redirect_uri, state: '"><b>' });
  const { status, text } = await send(
    `${sandbox.url}/oauth2/chat/authorizations/new?${query.toString()}`,
  );
  expect(status).toBe(200);
  expect(text).toContain('<strong>sandbox-client</strong>');
  expect(text).toMatch(/value="allow".*value="deny"/s);
  expect(text).toContain('name="state" value="&quot;&gt;&lt;b&gt;"');
});

test.each([
  [{ client_id: 'nobody', redirect_uri }, 'Invalid client'],
  [{ client_id: 'revoked-client', redirect_uri }, 'Invalid client'],
  [{ client_id: 'sandbox-client', redirect_uri: 'https://elsewhere.test' }, 'Invalid redirect URL'],
])('The browser is not redirected for %j', async (fields, words) => {
  const sandbox = await startFrozenSandbox();
  const { status, text, headers } = await post(sandbox, 'authorizations/new', fields);
  expect({ status, location: headers.location }).toEqual({ status: 400, location: undefined });
  expect(text).toContain(words);
});

test('A code works once, only with its redirect URL and the verifier of its challenge', async () => {
  const sandbox = await startFrozenSandbox();
  const code_verifier = 'v'.repeat(43);
  const code_challenge = createHash('sha256').update(code_verifier).digest('base64url');
  const fields = { response_type: 'code', decision: 'allow', code_challenge };
  const codeOf = async () => (await decide(sandbox, fields)).searchParams.get('code') ?? '';
  const redeem = async (code: string, change: Record<string, string> = {}) =>
    tokenFor(sandbox, {
      grant_type: 'authorization_code',
      code,
      redirect_uri,
      code_verifier,
      ...change,
    });
  const code = await codeOf();
  const pair = await redeem(code);
  expect(pair).toMatchObject({ status: 200, token_type: 'Bearer', expires_in: 36_000 });
  expect(await statusWith(sandbox, pair.access_token)).toBe(200);
  const refused = { status: 400, error: 'invalid_grant' };
  expect(await redeem(code)).toMatchObject(refused);
  expect(await redeem(await codeOf(), { code_verifier: 'other' })).toMatchObject(refused);
  expect(await redeem(await codeOf(), { redirect_uri: 'http://localhost:1' })).toMatchObject(
    refused,
  );
});

test('A refresh token works once, and so does the next one', async () => {
  const sandbox = await startFrozenSandbox();
  const { refresh_token = '' } = sandbox.provider.issue('sandbox-client', true);
  const refresh = async (token: string) =>
    tokenFor(sandbox, { grant_type: 'refresh_token', refresh_token: token });
  const second = await refresh(refresh_token);
  expect(second.status).toBe(200);
  expect(await refresh(refresh_token)).toMatchObject({ status: 400, error: 'invalid_grant' });
  expect((await refresh(second.refresh_token)).status).toBe(200);
});

test.each([
  ['an unknown client', { client_id: 'nobody' }],
  ['a revoked client', { client_id: 'revoked-client' }],
  ['a wrong secret', { client_secret: 'guess' }],
  ['a public client', { client_id: 'sandbox-public', client_secret: '' }],
])('Client credentials of %s are rejected', async (_who, change) => {
  const sandbox = await startFrozenSandbox();
  const answer = await tokenFor(sandbox, { grant_type: 'client_credentials', ...change });
  expect(answer).toMatchObject({ status: 401, error: 'invalid_client' });
});

test('Client credentials return only an access token, and other grants do not exist', async () => {
  const sandbox = await startFrozenSandbox();
  const pair = await tokenFor(sandbox, { grant_type: 'client_credentials' });
  expect(await statusWith(sandbox, pair.access_token)).toBe(200);
  expect(pair).not.toHaveProperty('refresh_token');
  const other = await tokenFor(sandbox, { grant_type: 'password' });
  expect(other).toMatchObject({ status: 400, error: 'unsupported_grant_type' });
});

test.each([
  ['present', 36_000],
  ['absent', undefined],
  ['zero', 0],
  ['text', 'soon'],
  ['huge', 1e300],
] as const)('expires_in can be %s', async (expiresIn, value) => {
  const sandbox = await startFrozenSandbox({ switches: { expiresIn } });
  const pair = await tokenFor(sandbox, { grant_type: 'client_credentials' });
  expect(pair.expires_in).toBe(value);
});

test('With a token lifetime, the tokens of the ready config can be renewed, and access tokens expire on time', async () => {
  let nowMs = noonMs;
  const options: SandboxOptions = { chats: 30, now: noon, clock: () => nowMs, tokenLife: 60 };
  const sandbox = await startSandbox(options);
  try {
    expect(sandbox.config).toMatchObject({ ...client, refresh_token: expect.any(String) });
    expect(await statusWith(sandbox, sandbox.token)).toBe(200);
    nowMs += 60_000;
    expect(await statusWith(sandbox, sandbox.token)).toBe(401);
    const { refresh_token = '' } = sandbox.config;
    const pair = await tokenFor(sandbox, { grant_type: 'refresh_token', refresh_token });
    expect(await statusWith(sandbox, pair.access_token)).toBe(200);
  } finally {
    await sandbox.close();
  }
});

test('Access tokens and refresh tokens expire if the options say so', async () => {
  const sandbox = await startFrozenSandbox();
  const { access_token, refresh_token = '' } = sandbox.provider.issue('sandbox-client', true);
  const fields = { grant_type: 'refresh_token', refresh_token };
  await control(sandbox, 'POST expire');
  expect(await statusWith(sandbox, access_token)).toBe(401);
  await control(sandbox, 'POST revoke');
  expect(await tokenFor(sandbox, fields)).toMatchObject({ error: 'invalid_grant' });
});
