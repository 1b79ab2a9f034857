/** An API that points elsewhere, or takes the token away: nothing goes to another host, nothing is lost. */
import { expect, test } from '@jest/globals';

import type { Fault } from '../../src/sandbox/faults/fault-rules.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import type { Switches } from '../../src/sandbox/program/switches.ts';
import { startLocalServer } from '../support/local-server.ts';
import { lossesOf } from '../support/oracle.ts';
import { criticalLines, lastErrorLine, leaks, secretToken } from '../support/with-sandbox.ts';
import {
  addFault,
  faultAccount,
  faultStreams,
  lossesAmongFirst,
  requestPlaces,
  withFaultAccount,
} from './fault-account.ts';
import { chosen, isWhole } from './full-set.ts';

/** Another host than the API. It responds like the API and records everything it receives. */
async function withStranger<T>(
  work: (host: string, heard: readonly string[]) => Promise<T>,
): Promise<T> {
  const heard: string[] = [];
  const server = await startLocalServer((request, response) => {
    heard.push(JSON.stringify([request.url, request.headers]));
    response.end('{"chats":[],"count":0,"end_time":null,"next_page":null}');
  });
  server.server.on('connection', () => heard.push('a connection'));
  try {
    return await work(new URL(server.origin).host, heard);
  } finally {
    await server.close();
  }
}

const linksElsewhere: readonly (readonly [name: string, link: (host: string) => string])[] = [
  [
    'a whole address',
    (host) => `http://${host}/api/v2/chat/incremental/chats?access_token=in-the-link`,
  ],
  ['https', (host) => `https://${host}/api/v2/chat/incremental/chats`],
  ['an address without a scheme', (host) => `//${host}/api/v2/chat/incremental/chats`],
  ['backslashes', (host) => String.raw`\\${host}\api\v2\chat\incremental\chats`],
  ['the name of this host as a user name', (host) => `http://127.0.0.1@${host}/api/v2/chat/`],
];

const redirects = [301, 302, 303, 307, 308].flatMap((status) =>
  linksElsewhere.flatMap(([form, link]) =>
    requestPlaces.map((where) => ({ status, form, link, ...where })),
  ),
);

test.each(
  isWhole
    ? // Each status, each form and each place more than once.
      redirects.filter((_one, index) => index % 7 === 0)
    : redirects.filter(
        ({ status, form, stream }) =>
          status === 302 && form === 'a whole address' && stream === 'chats',
      ),
)(
  'A redirect ($status, $form) of $place to another host is not followed; that stream fails, and the next run completes it',
  async ({ status, link, ...where }) => {
    await withStranger(async (host, heard) => {
      await withFaultAccount({}, async ({ sandbox, run }) => {
        const fault: Fault = { kind: 'redirect', location: link(host), status };
        addFault(sandbox, where, { fault });
        const broken = await run();
        expect(broken.code).toBe(2);
        expect(criticalLines(broken)).toEqual([lastErrorLine(broken)]);
        expect(lastErrorLine(broken)).toMatch(new RegExp(`^CRITICAL ${where.stream}: `));
        expect(lastErrorLine(broken)).toContain(
          `${host}. The token was not sent there. Check the subdomain.`,
        );
        expect(sandbox.requests.filter((request) => request.fault !== null)).toHaveLength(1);
        expect(lossesAmongFirst(sandbox, broken, where)).toEqual([]);
        expect(leaks(broken)).toEqual([]);
        expect(broken.stderr).not.toContain('in-the-link');

        sandbox.faults.clear();
        const next = await run({}, broken.lastState);
        expect(next.code).toBe(0);
        expect(lossesOf(sandbox, [broken, next], faultStreams)).toEqual([]);
      });
      expect(heard).toEqual([]);
    });
  },
);

test('A redirect loop fails the stream, and the next run completes it', async () => {
  await withFaultAccount({}, async ({ sandbox, run }) => {
    const [, where] = requestPlaces;
    if (where === undefined) throw new Error('There is no such place.');
    addFault(sandbox, where, { fault: { kind: 'redirect', location: '' } });
    const broken = await run();
    expect(broken.code).toBe(2);
    expect(lastErrorLine(broken)).toMatch(/^CRITICAL chats: .* redirects more than 5 times/);
    sandbox.faults.clear();
    const next = await run({}, broken.lastState);
    expect(lossesOf(sandbox, [broken, next], faultStreams)).toEqual([]);
  });
});

const nextPages: readonly (readonly [name: string, switches: Partial<Switches>])[] = [
  ['', {}],
  [' and without an end_time', { envelope: { omit: ['end_time'] } }],
  [' and without end_time and end_id', { envelope: { nulls: ['end_time', 'end_id'] } }],
];

test.each(chosen(nextPages, ([, switches]) => switches.envelope !== undefined))(
  'Links to a next page on another host%s are not followed, and nothing is missing',
  async (_name, switches) => {
    await withStranger(async (host, heard) => {
      await withFaultAccount(
        { switches: { ...faultAccount.switches, ...switches } },
        async ({ sandbox, run }) => {
          const fault: Fault = { kind: 'foreignNextPage', origin: `http://${host}` };
          sandbox.faults.add({ path: 'incremental/', fault });
          const result = await run();
          expect(result.code).toBe(0);
          expect(criticalLines(result)).toEqual([]);
          expect(lossesOf(sandbox, [result], faultStreams)).toEqual([]);
          expect(leaks(result)).toEqual([]);
        },
      );
      expect(heard).toEqual([]);
    });
  },
);

/** Number of responses before the token is revoked. */
const answeredBefore = [0, 1, 2, 4, 6, 8];

test.each(chosen(answeredBefore, (count) => count === 2))(
  'A token that is revoked after %i responses ends the run, and a new run with another token completes it',
  async (count) => {
    const sandboxes: Sandbox[] = [];
    await withFaultAccount(
      {
        onRequest: ({ number }) => {
          if (number === count + 1) sandboxes[0]?.setSwitches({ tokenRefused: true });
        },
      },
      async ({ sandbox, run }) => {
        sandboxes.push(sandbox);
        const broken = await run();
        expect(broken.code).toBe(2);
        expect(criticalLines(broken)).toEqual([lastErrorLine(broken)]);
        expect(lastErrorLine(broken)).toMatch(/ answers 401 .* The access token is refused/);
        expect(sandbox.requests.slice(count).map(({ status }) => status)).toEqual([401, 401]);
        expect(leaks(broken)).toEqual([]);

        sandbox.setSwitches({ tokenRefused: false });
        const next = await run({}, broken.lastState);
        expect(next.code).toBe(0);
        expect(lossesOf(sandbox, [broken, next], faultStreams)).toEqual([]);
      },
    );
  },
);

test('The token is only sent to the API in a header, and no URL contains it', async () => {
  await withFaultAccount({}, async ({ sandbox, run }) => {
    const result = await run();
    expect(result.code).toBe(0);
    expect(lossesOf(sandbox, [result], faultStreams)).toEqual([]);
    expect(sandbox.requests.every(({ isAuthorized }) => isAuthorized)).toBe(true);
    expect(JSON.stringify(sandbox.requests)).not.toContain(secretToken);
  });
});
