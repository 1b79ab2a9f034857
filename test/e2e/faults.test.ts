/** What goes wrong between the API and the tap: nothing is lost, and the token goes nowhere else. */
import { expect, test } from '@jest/globals';

import type { Fault } from '../../src/sandbox/fault-rules.ts';
import type { SandboxOptions } from '../../src/sandbox/options.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { catalogOf } from '../helpers/catalogs.ts';
import { startLocalServer } from '../helpers/local-server.ts';
import { runTap, type TapResult } from '../helpers/run-tap.ts';
import {
  criticalLines,
  lastWords,
  leaks,
  runOnce,
  secretToken,
  withSandbox,
} from '../helpers/with-sandbox.ts';

/** Three pages of chats. */
const pages: SandboxOptions = { chats: 25, switches: { maxPage: 10 } };
const chatsOnly = catalogOf('chats');
const withDepartments = catalogOf(['chats', 'departments', 'agents']);

function chatIds({ account }: Sandbox): readonly unknown[] {
  return [...account.dump('chats')].map(({ id }) => id);
}

function readIds(result: TapResult): readonly unknown[] {
  return result.records('chats').map(({ id }) => id);
}

/** Seconds for an answer: few only where one never comes, since a busy machine may be slow to answer. */
function patience(fault: Fault): number {
  return fault.kind === 'stall' ? 3 : 60;
}

/** Meets the first request of the chats and, its repetition behind it, the one for the second page. */
function firstAndMiddle(fault: Fault): SandboxOptions {
  const rule = { path: 'incremental/chats', fault };
  return {
    ...pages,
    faults: [
      { ...rule, nth: 1 },
      { ...rule, nth: 3 },
    ],
  };
}

test.each<{ name: string; fault: Fault; says: RegExp }>([
  {
    name: '429 with Retry-After',
    fault: { kind: 'status', status: 429, retryAfter: 1 },
    says: /answers 429 Too Many Requests/,
  },
  {
    name: '503 with Retry-After as a date',
    fault: { kind: 'status', status: 503, retryAfter: { inSeconds: 2 } },
    says: /answers 503 Service Unavailable/,
  },
  {
    name: '500',
    fault: { kind: 'status', status: 500 },
    says: /answers 500 Internal Server Error/,
  },
  {
    name: '502 with a web page',
    fault: { kind: 'status', status: 502, body: 'html' },
    says: /answers 502 Bad Gateway/,
  },
  { name: '200 with a web page', fault: { kind: 'html' }, says: /sends HTML instead of JSON/ },
  { name: '200 with broken JSON', fault: { kind: 'brokenJson' }, says: /sends broken JSON/ },
  { name: '200 without a body', fault: { kind: 'emptyBody' }, says: /sends an empty body/ },
  { name: 'a reset connection', fault: { kind: 'reset' }, says: /the connection breaks off/ },
  {
    name: 'a reset in the body',
    fault: { kind: 'resetInBody' },
    says: /breaks off in the middle of the body/,
  },
  {
    name: 'a body cut in half',
    fault: { kind: 'cutBody' },
    says: /breaks off in the middle of the body/,
  },
  {
    name: 'a gzip body cut in half',
    fault: { kind: 'cutGzip' },
    says: /breaks off in the middle of the gzip body/,
  },
  {
    name: 'silence instead of an answer',
    fault: { kind: 'stall', where: 'headers' },
    says: /does not answer within 3 s/,
  },
  {
    name: 'silence in the middle of the body',
    fault: { kind: 'stall', where: 'body' },
    says: /falls silent for 3 s in the middle of the body/,
  },
])(
  'After $name the request is made again, and every chat arrives once',
  async ({ fault, says }) => {
    const { result, sandbox } = await runOnce(firstAndMiddle(fault), {
      catalog: chatsOnly,
      config: { request_timeout: patience(fault) },
    });
    expect(result.code).toBe(0);
    expect(criticalLines(result)).toEqual([]);
    expect(readIds(result)).toEqual(chatIds(sandbox));
    expect(sandbox.requests.filter((request) => request.fault !== null)).toHaveLength(2);
    const waits = result.stderrLines.filter((line) => line.startsWith('INFO waiting '));
    expect(waits).toEqual([expect.stringMatching(says), expect.stringMatching(says)]);
    expect(leaks(result)).toEqual([]);
  },
);

test('A server that asks for a pause of a second gets it', async () => {
  const fault: Fault = { kind: 'status', status: 429, retryAfter: 1 };
  const { result, sandbox } = await runOnce(firstAndMiddle(fault), { catalog: chatsOnly });
  expect(result.stderr).toContain(
    'INFO waiting 1 s: /api/v2/chat/incremental/chats answers 429 Too Many Requests ("Too Many Requests")',
  );
  const [first, second] = sandbox.requests;
  expect((second?.at ?? 0) - (first?.doneAt ?? 0)).toBeGreaterThanOrEqual(990);
});

test.each<{ name: string; fault: Fault; says: RegExp }>([
  { name: '500', fault: { kind: 'status', status: 500 }, says: /answers 500/ },
  {
    name: '503 with a web page',
    fault: { kind: 'status', status: 503, body: 'html' },
    says: /answers 503/,
  },
  { name: '200 with a web page', fault: { kind: 'html' }, says: /sends HTML instead of JSON/ },
  { name: '200 with broken JSON', fault: { kind: 'brokenJson' }, says: /sends broken JSON/ },
  { name: 'a reset connection', fault: { kind: 'reset' }, says: /the connection breaks off/ },
  { name: 'a cut body', fault: { kind: 'cutBody' }, says: /breaks off in the middle/ },
  {
    name: 'silence',
    fault: { kind: 'stall', where: 'headers' },
    says: /does not answer within 3 s.*request_timeout/,
  },
  { name: '400', fault: { kind: 'status', status: 400 }, says: /answers 400/ },
  { name: 'JSON of another shape', fault: { kind: 'wrongShape' }, says: /has no list "chats"/ },
])(
  'Without patience, $name in the middle fails the stream, and the next run goes on from there',
  async ({ fault, says }) => {
    await withSandbox(
      { ...pages, faults: [{ path: 'incremental/chats', nth: 2, times: 1, fault }] },
      async (sandbox) => {
        const input = {
          sandboxUrl: sandbox.url,
          config: { ...sandbox.config, max_retry_seconds: 0, request_timeout: patience(fault) },
          catalog: withDepartments,
          env: { LOGLEVEL: 'debug' },
        };
        const broken = await runTap(input);
        expect(broken.code).toBe(1);
        expect(criticalLines(broken)).toEqual([lastWords(broken)]);
        expect(lastWords(broken)).toMatch(/^CRITICAL chats: /);
        expect(lastWords(broken)).toMatch(says);
        expect(leaks(broken)).toEqual([]);
        expect(broken.records('departments')).toHaveLength(3);
        expect(readIds(broken)).toEqual(chatIds(sandbox).slice(0, 10));
        expect(broken.messages.at(-1)?.type).toBe('STATE');

        const next = await runTap({ ...input, state: broken.lastState });
        expect(next.code).toBe(0);
        const union = new Set([...readIds(broken), ...readIds(next)]);
        expect([...union]).toEqual(chatIds(sandbox));
      },
    );
  },
);

test('Patience that is used up names the setting, and later streams get one attempt each', async () => {
  const { result, sandbox } = await runOnce(
    { faults: [{ fault: { kind: 'status', status: 503 } }] },
    { catalog: withDepartments, config: { max_retry_seconds: 1 } },
  );
  expect(result.code).toBe(1);
  expect(lastWords(result)).toMatch(
    /^CRITICAL 3 of 3 streams failed \(departments, agents, chats\): departments: .*max_retry_seconds/,
  );
  expect(sandbox.requests).toHaveLength(4);
  expect(result.messages.map(({ type }) => type)).toEqual(['STATE']);
});

test('A pause longer than the patience ends the run at once and says until when', async () => {
  const { result, sandbox } = await runOnce(
    { faults: [{ path: 'agents', fault: { kind: 'status', status: 429, retryAfter: 3600 } }] },
    { catalog: withDepartments },
  );
  expect(result.code).toBe(1);
  expect(criticalLines(result)).toEqual([lastWords(result)]);
  expect(lastWords(result)).toMatch(
    /^CRITICAL agents: .* answers 429 .* asks for no request before \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z, /,
  );
  expect(sandbox.requests).toHaveLength(2);
  expect(result.stderr).toContain('1 complete, 0 absent, 1 failed, 1 unread');
});

/** A host that is not the API, and hears everything it is told. */
async function withStranger<T>(
  work: (origin: string, heard: readonly string[]) => Promise<T>,
): Promise<T> {
  const heard: string[] = [];
  const server = await startLocalServer((request, response) => {
    heard.push(JSON.stringify([request.url, request.headers]));
    response.end('{}');
  });
  try {
    return await work(server.origin, heard);
  } finally {
    await server.close();
  }
}

test.each([
  { place: 'the first request', nth: 1, read: 0 },
  { place: 'a request in the middle', nth: 2, read: 10 },
])('A redirect of $place to another host is not followed', async ({ nth, read }) => {
  await withStranger(async (origin, heard) => {
    const location = `${origin}/api/v2/chat/incremental/chats?access_token=in-the-link`;
    const { result, sandbox } = await runOnce(
      {
        ...pages,
        faults: [{ path: 'incremental/chats', nth, fault: { kind: 'redirect', location } }],
      },
      { catalog: withDepartments },
    );
    expect(heard).toEqual([]);
    expect(result.code).toBe(1);
    expect(criticalLines(result)).toEqual([lastWords(result)]);
    expect(lastWords(result)).toContain(
      `redirects to ${origin}. The token was not sent there. Check the subdomain.`,
    );
    expect(readIds(result)).toHaveLength(read);
    expect(sandbox.requests.filter(({ fault }) => fault !== null)).toHaveLength(1);
    expect(leaks(result)).toEqual([]);
    expect(result.stderr).not.toContain('in-the-link');
  });
});

test('Links to a next page on another host are not followed, and every chat arrives', async () => {
  await withStranger(async (origin, heard) => {
    const { result, sandbox } = await runOnce(
      { ...pages, faults: [{ path: 'incremental/', fault: { kind: 'foreignNextPage', origin } }] },
      { catalog: catalogOf(['chats', 'agent_timeline']) },
    );
    expect(heard).toEqual([]);
    expect(result.code).toBe(0);
    expect(readIds(result)).toEqual(chatIds(sandbox));
    expect(result.records('agent_timeline')).toHaveLength(sandbox.account.count('agent_timeline'));
    expect(leaks(result)).toEqual([]);
  });
});

test('A server that quotes the token in its refusal does not get it into the log', async () => {
  const body = JSON.stringify({ error: `token ${secretToken} is odd` });
  const server = await startLocalServer((_request, response) => {
    response.writeHead(422, { 'content-type': 'application/json' }).end(body);
  });
  try {
    const result = await runTap({
      sandboxUrl: server.origin,
      config: { subdomain: 'acme', access_token: secretToken },
      catalog: chatsOnly,
      env: { LOGLEVEL: 'debug' },
    });
    expect(result.code).toBe(1);
    expect(lastWords(result)).toContain('answers 422 Unprocessable Entity ("token *** is odd")');
    expect(leaks(result)).toEqual([]);
  } finally {
    await server.close();
  }
});

test('An API that cannot be reached at all is named with its host', async () => {
  const closed = await startLocalServer(() => undefined);
  await closed.close();
  const result = await runTap({
    sandboxUrl: closed.origin,
    config: { subdomain: 'acme', access_token: secretToken, max_retry_seconds: 0 },
    catalog: chatsOnly,
  });
  expect(result.code).toBe(1);
  expect(lastWords(result)).toContain(
    `${closed.origin.slice('http://'.length)} refuses the connection (ECONNREFUSED)`,
  );
});
