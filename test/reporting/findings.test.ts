/** Log lines about values that do not match the schema: the first one at each path, and their number. */
import { expect, test } from '@jest/globals';

import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { withWorld } from '../support/world.ts';

const args = ['--select', 'chats'];

function patch({ account }: Sandbox, patches: readonly object[]): void {
  for (const [index, change] of patches.entries())
    account.patchChat(account.idAt('chats', index), { ...change });
}

function linesAbout(stderr: string, path: string): readonly string[] {
  return stderr.split('\n').filter((line) => line.includes(`${path} `));
}

test('A repeated finding is one warning, and one line with the count when the stream ends', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    patch(sandbox, [{ tags: ['a\0', 'b\0'] }, { tags: ['c\0'] }, { tags: ['d\0'], brand_new: 1 }]);
    const result = await run({ args });
    expect(result.code).toBe(0);
    expect(linesAbout(result.stderr, '/tags/*')).toEqual([
      expect.stringMatching(/^WARNING .*chats: \/tags\/\* \(string\) /),
      expect.stringMatching(/^INFO .*chats: the warning about \/tags\/\* applies to 4 values$/),
    ]);
    expect(linesAbout(result.stderr, '/brand_new')).toEqual([
      expect.stringMatching(/^WARNING .*chats: unknown field \/brand_new \(number\) /),
    ]);
  });
});

test('The counts are also logged if the stream fails', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    patch(sandbox, [{ tags: ['a\0'] }, { tags: ['b\0'] }, { id: null }]);
    const result = await run({ args });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^INFO .*the warning about \/tags\/\* applies to \d+ values$/m);
  });
});
