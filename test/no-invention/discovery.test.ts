/** Discovery needs neither network nor credentials, and its output is always the same. */
import { expect, test } from '@jest/globals';

import { type DraftCatalog } from '../support/catalogs.ts';
import { withClosedPort } from '../support/local-server.ts';
import { runTap, type TapInput, type TapResult } from '../support/run-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';

function discover(input: TapInput = {}): Promise<TapResult> {
  return withClosedPort((sandboxUrl) => runTap({ sandboxUrl, args: ['--discover'], ...input }));
}

function catalogIn({ stdout }: TapResult): DraftCatalog {
  return JSON.parse(stdout) as DraftCatalog;
}

test.each<{ name: string; input: TapInput }>([
  { name: 'without a config', input: {} },
  { name: 'with an empty config', input: { config: {} } },
  { name: 'with a config that could not be used', input: { config: { start_date: 'yesterday' } } },
  { name: 'with a state beside it, as Meltano passes it', input: { state: { bookmarks: {} } } },
  { name: 'with a state that holds nothing of use', input: { state: 'not even JSON' } },
])('Discovery works $name, and says the same each time', async ({ input }) => {
  const result = await discover(input);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  const plain = await discover({ args: ['-d'] });
  expect(result.bytes.equals(plain.bytes)).toBe(true);
});

test.each([
  { select: '["account.*", "chats.*"]', name: 'account' },
  { select: '["*.*", "!account.billing"]', name: 'account' },
  { select: '["account.*", "accounts.*"]', name: 'accounts' },
  { select: '["*.*"]', name: 'accounts' },
  { select: '{"account.*": 1}', name: 'accounts' },
  { select: '[[], "account.*"', name: 'accounts' },
])("Discovery names a stream as Meltano's select does: $select", async ({ select, name }) => {
  const result = await discover({ env: { MELTANO_EXTRACT__SELECT: select } });
  const [first, ...others] = catalogIn(result).streams;
  expect(first).toMatchObject({ tap_stream_id: name, stream: name });
  expect(others).toEqual(catalogIn(await discover()).streams.slice(1));
});

test('Discovery has no line that a line buffer could not take', async () => {
  const { lines } = await discover();
  expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(4000);
  expect(lines.length).toBeGreaterThan(1000);
});

test('What discovery prints can be given back as the catalog, and reads everything', async () => {
  const { stdout } = await discover();
  await withSandbox({}, async (sandbox) => {
    const input = { sandboxUrl: sandbox.url, config: { ...sandbox.config } };
    const withCatalog = await runTap({ ...input, catalog: stdout });
    const without = await runTap(input);
    const told = ({ messages }: TapResult): readonly unknown[] =>
      messages.map((line) => ({ ...line, time_extracted: undefined }));
    expect([withCatalog.code, withCatalog.warnings]).toEqual([0, []]);
    expect(told(withCatalog)).toEqual(told(without));
  });
});

test.each([
  { name: 'is not JSON', config: '{"extra_streams": ', says: /^CRITICAL --config: .* is not JSON/ },
  {
    name: 'has no list of extra streams',
    config: { extra_streams: 7 },
    says: /^CRITICAL extra_streams must be a list of stream names, or all/,
  },
])('Discovery with a config that $name fails and prints no catalog', async ({ config, says }) => {
  const { code, stdout, stderrLines } = await discover({ config });
  expect([code, stdout]).toEqual([2, '']);
  expect(stderrLines).toEqual([expect.stringMatching(says)]);
});
