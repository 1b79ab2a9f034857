/** Only bugs are reported as bugs, not failures that a user or a machine can correct. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { test } from '@jest/globals';

import { asFatalError } from '../../src/core/errors.ts';
import { expect } from '../support/readable.ts';
import { catalogOf } from '../support/catalogs.ts';
import { runTap, withoutTimes } from '../support/run-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';

/** Runs a built program in a folder that has just been removed. */
async function runNowhere(program: string, arg: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../bin/${program}.js`, import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), 'tap-nowhere-'));
  const script = 'mkdir d && cd d && rmdir ../d && exec "$0" "$@"';
  const argv = ['-c', script, process.execPath, path, arg];
  try {
    return await new Promise((resolve) => {
      execFile('sh', argv, { cwd: folder }, (error, stdout, stderr) =>
        resolve(`${error?.code ?? 0} ${stdout}${withoutTimes(stderr)}`),
      );
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

const removed =
  'the current folder no longer exists or cannot be accessed: change to another folder';

test.concurrent.each([
  ['tap-zendesk-chat', '--version', `2 CRITICAL ${removed}\n`],
  ['zendesk-chat-sandbox', '--version', `2 CRITICAL ${removed}\n`],
  ['source-zendesk-chat', 'spec', `"message":"${removed}","failure_type":"config_error"`],
])('%s %s says that the current folder was removed', async (program, arg, says) => {
  expect(await runNowhere(program, arg)).toContain(says);
});

test.each([
  { fault: { syscall: 'write', code: 'ENOSPC' }, says: 'the output cannot be written: x' },
  {
    fault: { syscall: 'open', code: 'EMFILE' },
    says: 'the operating system refused a request of the program',
  },
  { fault: { code: 'ERR_MODULE_NOT_FOUND' }, says: 'the installation is incomplete' },
  { fault: {}, says: 'this is a bug, please report it: x' },
])('an error with $fault is reported as $says', ({ fault, says }) => {
  expect(asFatalError(Object.assign(new Error('x'), fault)).message).toContain(says);
});

const state =
  '{"bookmarks": {"__proto__": {"id": 1}, "goals": {"__proto__": {}}}, "__proto__": {"bookmarks": {}}}';

test('"__proto__" in a config and in a state is an ordinary key', async () => {
  const result = await withSandbox({}, async ({ config, url }) => {
    const { subdomain, access_token: token, start_date: start } = config;
    const fields = `"subdomain": "${subdomain}", "start_date": "${start}", "__proto__": {"start_date": 1}`;
    return runTap({
      config: `{${fields}, "credentials": {"access_token": "${token}", "__proto__": {}}}`,
      state,
      catalog: catalogOf('goals'),
      sandboxUrl: url,
    });
  });
  expect([result.code, result.warnings]).toEqual([
    0,
    [
      'The config key "__proto__" is unknown and ignored.',
      'The config key "credentials.__proto__" is unknown and ignored.',
    ],
  ]);
  expect(JSON.stringify(result.lastState)).toBe(
    `${state.replaceAll(' ', '').slice(0, -1)},"currently_syncing":null}`,
  );
});

test.each([
  { name: 'a state that holds nothing else', input: { state: '{"__proto__": {"bookmarks": 1}}' } },
  { name: 'a config that holds nothing else', input: { config: '{"__proto__": {}}' } },
  {
    name: 'a stream of a catalog',
    input: {
      catalog: '{"streams": [{"tap_stream_id": "__proto__", "schema": {}, "selected": true}]}',
    },
  },
  {
    name: 'a column of a catalog',
    input: {
      catalog:
        '{"streams": [{"tap_stream_id": "goals", "schema": {"properties": {"__proto__": {}, "id": {}}}, ' +
        '"metadata": [{"breadcrumb": [], "metadata": {"selected": true, "__proto__": 1}}, ' +
        '{"breadcrumb": ["properties", "__proto__"], "metadata": {"selected": true}}]}]}',
    },
  },
])('it is not reported as a bug in $name', async ({ input }) => {
  const result = await withSandbox({}, ({ config, url }) =>
    runTap({ config, catalog: catalogOf('goals'), ...input, sandboxUrl: url }),
  );
  expect(result.stderr).not.toMatch(/bug|undefined/);
});
