/** Whatever values the API sends, every line can be read by strict parsers, and what was lost on the way is told. */
import { expect, test } from '@jest/globals';

import type { Json, JsonObject } from '../../../src/json.ts';
import type { HostileKind, SandboxOptions } from '../../../src/sandbox/options.ts';
import type { Sandbox } from '../../../src/sandbox/server.ts';
import {
  connection,
  errorsOf,
  logsOf,
  messagesOf,
  recordsOf,
  runIn,
} from '../../helpers/run-source.ts';
import { withSandbox } from '../../helpers/with-sandbox.ts';
import { readFaults } from '../../platform/checks.ts';
import type { RecordMessage } from '../../platform/protocol.ts';
import type { SourceRun } from '../../platform/source-run.ts';

function isDirty(text: string): boolean {
  return !text.isWellFormed() || text.includes('\u0000');
}

/** Texts in a value that a strict parser refuses or a database cannot hold. */
function dirtyTexts(value: Json): readonly string[] {
  if (typeof value === 'string') return isDirty(value) ? [JSON.stringify(value)] : [];
  if (value === null || typeof value !== 'object') return [];
  const names = Object.keys(value).filter((name) => isDirty(name));
  return [...names, ...Object.values(value).flatMap((one) => dirtyTexts(one ?? null))];
}

/** The chats of an account changed by `prepare`, read; every line is checked. */
async function readChats(
  options: SandboxOptions,
  prepare: (sandbox: Sandbox) => void = () => undefined,
): Promise<SourceRun> {
  return withSandbox(options, async (sandbox) => {
    prepare(sandbox);
    const catalog = await connection(['chats']);
    const run = await runIn(sandbox, { catalog });
    expect(readFaults(run, { catalog })).toEqual([]);
    // Throws for bytes that are no UTF-8.
    new TextDecoder('utf-8', { fatal: true }).decode(run.stdout);
    expect(run.lines.flatMap(({ text }) => dirtyTexts(JSON.parse(text)))).toEqual([]);
    return run;
  });
}

/** Fields of each record that were changed, of those where any was. */
function changedFields(run: SourceRun): readonly (readonly string[])[] {
  const records = messagesOf(run).filter((one): one is RecordMessage => one.type === 'RECORD');
  return records.flatMap(({ record: { meta } }) =>
    meta?.changes === undefined ? [] : [meta.changes.map(({ field }) => field)],
  );
}

interface Row {
  readonly kind: HostileKind;
  readonly changes: readonly (readonly string[])[];
}

const rows: readonly Row[] = [
  { kind: 'nul', changes: [] },
  { kind: 'surrogates', changes: [] },
  {
    kind: 'dates',
    changes: [
      ['timestamp', 'end_timestamp'],
      ['timestamp', 'end_timestamp'],
      ['timestamp', 'end_timestamp'],
      ['timestamp', 'end_timestamp'],
    ],
  },
  {
    kind: 'types',
    changes: [
      ['visitor', 'session', 'webpath'],
      ['tags', 'count', 'agent_ids.1'],
      ['triggered_response'],
      ['history.1.prev_department_id'],
    ],
  },
  { kind: 'fractions', changes: [['department_id', 'duration', 'count.total']] },
  { kind: 'unknown-fields', changes: [] },
  {
    kind: 'webpath-arrays',
    changes: [['webpath.0', 'webpath.1', 'webpath.2', 'webpath.3', 'webpath.4']],
  },
  { kind: 'big-integer', changes: [['zendesk_ticket_id']] },
];

test.each(rows)(
  '$kind: every chat arrives, and the values that had to go are named',
  async ({ kind, changes }) => {
    const run = await readChats({ chats: 20, hostile: [kind] });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(recordsOf(run, 'chats')).toHaveLength(20);
    expect(changedFields(run)).toEqual(changes);
  },
);

test('what had to go from its column is still there, as text', async () => {
  const run = await readChats({ chats: 20, hostile: ['types', 'big-integer'] });
  const kept = recordsOf(run, 'chats').flatMap((chat) => {
    const text = chat['additional_fields'];
    return typeof text === 'string' ? [JSON.parse(text) as JsonObject] : [];
  });
  expect(kept).toHaveLength(5);
  expect(Object.assign({}, ...kept)).toMatchObject({
    '/visitor': 'gone',
    '/tags': 'vip',
    '/triggered_response': 'yes',
  });
});

test('chats without an id are left out and named, and the sync says that it is not whole', async () => {
  const run = await readChats({ chats: 20, hostile: ['no-key'] });
  expect(run.code).toBe(1);
  expect(recordsOf(run, 'chats')).toHaveLength(18);
  expect(logsOf(run, 'WARN')).toHaveLength(2);
  expect(errorsOf(run)[0]?.message).toMatch(/2 items without a key were left out/);
});

test('a chat of 21 MB arrives whole, and is warned about by its id', async () => {
  const options = { chats: 5, hostile: ['big-chat'] as const, bigChatBytes: 21_000_000 };
  const run = await readChats(options);
  expect(run.code).toBe(0);
  const [large] = recordsOf(run, 'chats').toSorted(
    (a, b) => JSON.stringify(b).length - JSON.stringify(a).length,
  );
  expect(large?.['comment']).toHaveLength(21_000_000);
  expect(logsOf(run, 'WARN')).toEqual([expect.stringMatching(/21 MB/)]);
  expect(logsOf(run, 'WARN')[0]).toContain(JSON.stringify(large?.['id']));
});

function nested(levels: number): Json {
  let value: Json = 'deep';
  for (let level = 0; level < levels; level += 1) value = { in: value };
  return value;
}

test('values that lie 1,000 levels deep are no more than text', async () => {
  const run = await readChats({ chats: 5 }, ({ account }) => {
    account.patchChat(account.idAt('chats', 2), { brand_new: nested(1000), comment: nested(1000) });
  });
  expect(run.code).toBe(0);
  expect(recordsOf(run, 'chats')).toHaveLength(5);
});

test('names and texts of the whole account may hold anything', async () => {
  const odd = 'a\u0000b \uD83D " \\ \u2028 \u2029 \u007F </script> ✨ \uFEFF';
  const run = await readChats({ chats: 5 }, ({ account }) => {
    account.patchChat(account.idAt('chats', 1), {
      comment: odd,
      tags: [odd],
      visitor: { id: odd, name: odd, [odd]: odd },
      [odd]: odd,
    });
  });
  expect(run.code).toBe(0);
  const clean = odd.replace('\u0000', '').toWellFormed();
  expect(recordsOf(run, 'chats')[1]).toMatchObject({
    comment: clean,
    tags: [clean],
    visitor: { id: clean, name: clean },
  });
});
