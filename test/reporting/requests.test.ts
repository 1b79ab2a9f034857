/** Log lines about requests, retries and hosts that cannot be reached. */
import { expect, test } from '@jest/globals';

import { createFakeClock } from '../support/fake-clock.ts';
import { withLookup } from '../support/fake-lookup.ts';
import { startLocalServer, withClosedPort } from '../support/local-server.ts';
import { runVerb } from '../support/run-source.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';
import { lastErrorLine } from '../support/with-sandbox.ts';
import { withWorld } from '../support/world.ts';

/** The debug lines of requests, from the method on. */
function requestLines({ stderr }: Pick<TapResult, 'stderr'>): readonly string[] {
  return [...stderr.matchAll(/^DEBUG .*?((?:GET|POST) .*)$/gm)].map(([, line = '']) => line);
}

test('At debug each request is one line: method, path, query, status, bytes, time, attempt, reason', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const fault = { kind: 'status', status: 503 } as const;
    sandbox.faults.add({ path: '=agents', nth: 1, fault });
    const result = await run({ config: { requests_per_minute: 1000 } });
    expect(result.code).toBe(0);
    const lines = requestLines(result);
    expect(lines.map((line) => line.split(/[ :?]/)[1])).toEqual(
      sandbox.requests.map(({ path }) => path.split('?')[0]),
    );
    const form =
      /^GET \/api\/v2\/chat\/\S+: \d+, \d+ bytes, \d+ ms, attempt \d+ \((?:(?:regular page|ties|beyond)(?:, read ahead)?|before|list|page of ids)\)$/;
    expect(lines.filter((line) => !form.test(line))).toEqual([]);
    const agents = lines.filter((line) => line.includes('/agents?'));
    expect(agents[0]).toMatch(/: 503, \d+ bytes, \d+ ms, attempt 1 \(page of ids\)$/);
    expect(agents[1]).toMatch(/: 200, [1-9]\d* bytes, \d+ ms, attempt 2 \(page of ids\)$/);
    expect(lines.join('\n')).toMatch(
      /\/incremental\/chats\?\S*start_time=\d+\S*: 200, .*\(ties(?:, read ahead)?\)$/m,
    );
  });
});

test('Requests are only logged at debug', async () => {
  await withWorld({}, async ({ run }) => {
    const result = await run({ env: { LOGLEVEL: 'info' } });
    expect(requestLines(result)).toEqual([]);
    expect(result.stderr).not.toMatch(/attempt 1 \(/);
  });
});

test('After a redirect the query, which comes from the server, is not shown', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const location = '/api/v2/chat/departments?signature=q7-do-not-show';
    sandbox.faults.add({ path: '=departments', nth: 1, fault: { kind: 'redirect', location } });
    const result = await run({ args: ['--check', '--select', 'departments'] });
    expect(requestLines(result)).toEqual([
      expect.stringMatching(/^GET \S+departments: 302, .*, attempt 1 \(list\)$/),
      expect.stringMatching(
        /^GET \S+departments: 400, .*, attempt 1 \(list, redirected from \S+departments\)$/,
      ),
    ]);
    expect(result.stderr).not.toContain('q7-do-not-show');
  });
});

test.each([
  ['token refresh', { refresh_token: 'refresh-4711' }],
  ['token for the client', {}],
])('A request for a token says so: %s', async (reason, tokens) => {
  const json = { 'content-type': 'application/json' };
  const server = await startLocalServer((request, response) => {
    const isToken = request.method === 'POST';
    const body = isToken ? '{"access_token":"fresh-4711","token_type":"bearer"}' : '{}';
    response.writeHead(isToken ? 200 : 401, json).end(body);
  });
  try {
    const client = { client_id: 'client-4711', client_secret: 'client-secret-4711' };
    const config = { subdomain: 'acme', max_retry_seconds: 0, ...client, ...tokens };
    const env = { LOGLEVEL: 'debug' };
    const result = await runTap({ config, sandboxUrl: server.origin, env });
    const [first, second, third] = requestLines(result);
    expect(first).toMatch(/^POST \/oauth2\/chat\/token: 200, \d+ bytes, \d+ ms, attempt 1 \(/);
    expect(first).toContain(`(${reason})`);
    expect(second).toMatch(/^GET \S+: 401, .*, attempt 1 \(list\)$/);
    expect(third).toMatch(/^GET \S+\/agents\/me: 401, .*, attempt 1 \(is the token refused\?\)$/);
    expect(result.stderr).not.toContain('4711');
  } finally {
    await server.close();
  }
});

test('A retry says which attempt follows and when the tap gives up', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const fault = { kind: 'status', status: 503 } as const;
    sandbox.faults.add({ path: '=account', fault });
    const result = await run({ config: { max_retry_seconds: 20 }, args: ['--select', 'accounts'] });
    expect(result.code).toBe(1);
    const waits = [...result.stderr.matchAll(/^INFO .*waiting (\d+) s: (.*)$/gm)];
    const says = waits.map(([, , text = '']) =>
      text.replace(/ after \d+ s more/, ' after N s more'),
    );
    const why = '/api/v2/chat/account answers 503 Service Unavailable ("Service Unavailable")';
    const limit = 'the tap gives up after N s more (max_retry_seconds)';
    const last = waits.length + 1;
    expect(last).toBeGreaterThan(3);
    expect(says).toEqual(
      says.map((_, index) =>
        index + 2 === last
          ? `${why}. Attempt ${last} follows; it is the last`
          : `${why}. Attempt ${index + 2} follows; ${limit}`,
      ),
    );
    expect(lastErrorLine(result)).toContain(`at attempt ${last} after 20 s of waiting`);
  });
});

const acme = { subdomain: 'acme-nobody', access_token: 'aaaabbbb1111' };

test('A host name that does not exist ends the run with the first request', async () => {
  await withLookup(['ENOTFOUND'], async (names) => {
    const clock = createFakeClock(Date.UTC(2026, 0, 5, 12));
    const result = await runTap({ config: acme, clock });
    expect(result.code).not.toBe(0);
    expect(names).toEqual(['acme-nobody.zendesk.com']);
    expect(clock.sleeps).toEqual([]);
    expect(lastErrorLine(result)).toMatch(
      /^CRITICAL .*cannot be reached: acme-nobody\.zendesk\.com has no address \(ENOTFOUND\)\. Check the subdomain/,
    );
  });
});

test('A name server without a response is retried until the retry budget is exhausted', async () => {
  await withLookup(['EAI_AGAIN'], async (names) => {
    const clock = createFakeClock(Date.UTC(2026, 0, 5, 12));
    const config = { ...acme, max_retry_seconds: 20 };
    const result = await runTap({ config, clock, args: ['--select', 'accounts'] });
    expect(result.code).toBe(1);
    expect(names.length).toBeGreaterThan(2);
  });
});

test('Without a network the run ends with the first stream, and its log has at most 30 lines', async () => {
  await withLookup(['EAI_AGAIN'], async () => {
    const clock = createFakeClock(Date.UTC(2026, 0, 5, 12));
    const result = await runTap({ config: acme, clock });
    expect(result.code).toBe(1);
    expect(clock.sleeps.length).toBeGreaterThan(8);
    expect(result.stderrLines.length).toBeLessThanOrEqual(30);
    expect(result.stderr).toMatch(/^INFO 12 streams: .* 1 failed, 11 unread \(/m);
    expect(lastErrorLine(result)).toMatch(
      /^CRITICAL accounts: .* cannot be reached: .*\(EAI_AGAIN\).*Check the network\.$/,
    );
  });
});

test('During an outage of the API, the log of the run has at most 30 lines', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    sandbox.faults.add({ fault: { kind: 'status', status: 503 } });
    const result = await run({ env: { LOGLEVEL: 'info' } });
    expect(result.code).toBe(1);
    expect(result.stderrLines.length).toBeLessThanOrEqual(30);
    expect(lastErrorLine(result)).toMatch(/^CRITICAL 12 of 12 streams failed \(/);
  });
});

test('A connection failure of one stream fails only that stream', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    sandbox.faults.add({ path: '=account', fault: { kind: 'reset' } });
    const result = await run({ config: { max_retry_seconds: 1 } });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^INFO 12 streams: 11 complete, 0 absent, 1 failed; /m);
    expect(lastErrorLine(result)).toMatch(/^CRITICAL accounts: /);
  });
});

test('After a first response, an unknown host name is retried', async () => {
  await withWorld({}, async ({ sandbox, clock }) => {
    // The connection of the first response is closed, so that the name is looked up again.
    sandbox.faults.add({ path: '=account', nth: 2, fault: { kind: 'reset' } });
    sandbox.faults.add({ path: '=account', nth: 1, fault: { kind: 'status', status: 503 } });
    await withLookup([true, 'ENOTFOUND', 'ENOTFOUND', true], async (names) => {
      const { port } = new URL(sandbox.url);
      const sandboxUrl = `http://localhost:${port}`;
      const args = ['--select', 'accounts'];
      const result = await runTap({ config: sandbox.config, sandboxUrl, clock, args });
      expect(result.stderr).toContain('localhost:');
      expect(result.code).toBe(0);
      expect(names).toEqual(['localhost', 'localhost', 'localhost', 'localhost']);
      expect(result.stderr).toMatch(
        /has no address \(ENOTFOUND\)\. Check the subdomain and the network\. Attempt 4 follows/,
      );
    });
  });
});

test('A proxy whose host name does not exist ends the run with the first request', async () => {
  const before = process.env['HTTPS_PROXY'];
  process.env['HTTPS_PROXY'] = 'http://me:se-1-cret@proxy-nobody.example:3128';
  try {
    await withLookup(['ENOTFOUND'], async (names) => {
      const clock = createFakeClock(Date.UTC(2026, 0, 5, 12));
      const result = await runTap({ config: acme, clock });
      expect(names).toEqual(['proxy-nobody.example']);
      expect(result.stderr).not.toContain('se-1-cret');
      expect(lastErrorLine(result)).toMatch(
        /^CRITICAL .*cannot be reached: the proxy proxy-nobody\.example:3128 has no address \(ENOTFOUND\)\. Check HTTPS_PROXY/,
      );
    });
  } finally {
    if (before === undefined) delete process.env['HTTPS_PROXY'];
    else process.env['HTTPS_PROXY'] = before;
  }
});

test('--check stops after the first stream where the host cannot be reached', async () => {
  await withClosedPort(async (sandboxUrl) => {
    const clock = createFakeClock(Date.UTC(2026, 0, 5, 12));
    const result = await runTap({ args: ['--check'], sandboxUrl, config: acme, clock });
    expect(result.code).not.toBe(0);
    const [first, ...others] = result.stdout.trim().split('\n');
    expect(first).toMatch(/^accounts +FAILED +cannot be reached$/);
    expect(others).toHaveLength(11);
    expect(others.filter((row) => !row.endsWith('not tried'))).toEqual([]);
    expect(clock.sleeps).toHaveLength(1);
    expect(lastErrorLine(result)).toMatch(
      /^CRITICAL accounts: .* cannot be reached: .* refuses the connection \(ECONNREFUSED\)\. Is the sandbox running\?$/,
    );
  });
});

test('Each retry without a sandbox asks whether it is running', async () => {
  await withClosedPort(async (sandboxUrl) => {
    const clock = createFakeClock(Date.UTC(2026, 0, 5, 12));
    const { stderr } = await runTap({ sandboxUrl, config: acme, clock });
    const [wait] = stderr.match(/^INFO waiting .*$/m) ?? [];
    expect(wait).toMatch(/ \(ECONNREFUSED\)\. Is the sandbox running\? Attempt 2 follows; /);
  });
});

test("The source's check asks once whether the sandbox is running", async () => {
  await withClosedPort(async (origin) => {
    const clock = createFakeClock(Date.UTC(2026, 0, 5, 12));
    const credentials = { credentials: 'access_token', access_token: acme.access_token };
    const config = { subdomain: 'acme', start_date: '2026-01-01T00:00:00Z', credentials };
    const env = { ZENDESK_CHAT_API_URL: origin };
    const { stdout } = await runVerb('check', { config, env, clock });
    expect(stdout.toString('utf8')).toMatch(
      /"FAILED".*cannot be reached: .*Is the sandbox running\?/,
    );
    expect(clock.sleeps).toHaveLength(1);
  });
});
