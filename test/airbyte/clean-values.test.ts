/** Strict parsers accept every line, whatever values the API sends. Changed values are reported. */
import { expect, test } from '@jest/globals';

import type { Json } from '../../src/core/json.ts';
import type { HostileKind, SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { connection, messagesOf, recordsOf, runIn } from '../support/run-source.ts';
import { withSandbox } from '../support/with-sandbox.ts';
import { readFaults } from './judge/checks.ts';
import type { RecordMessage } from './judge/protocol.ts';
import type { SourceRun } from './judge/source-run.ts';

function isDirty(text: string): boolean {
  return !text.isWellFormed() || text.includes('\u0000');
}

/** Texts in a value that a strict parser rejects or a database cannot store. */
function dirtyTexts(value: Json): readonly string[] {
  if (typeof value === 'string') return isDirty(value) ? [JSON.stringify(value)] : [];
  if (value === null || typeof value !== 'object') return [];
  const names = Object.keys(value).filter((name) => isDirty(name));
  return [...names, ...Object.values(value).flatMap((one) => dirtyTexts(one ?? null))];
}

/** Reads the chats of an account that `prepare` has changed, and checks every line. */
async function readChats(
  options: SandboxOptions,
  prepare: (sandbox: Sandbox) => void = () => undefined,
): Promise<SourceRun> {
  return withSandbox(options, async (sandbox) => {
    prepare(sandbox);
    const catalog = await connection(['chats']);
    const run = await runIn(sandbox, { catalog });
    expect(readFaults(run, { catalog })).toEqual([]);
    // Throws for invalid UTF-8.
    new TextDecoder('utf-8', { fatal: true }).decode(run.stdout);
    expect(run.lines.flatMap(({ text }) => dirtyTexts(JSON.parse(text)))).toEqual([]);
    return run;
  });
}

/** The changed fields of each record that has any. */
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
  {
    kind: 'webpath-arrays',
    changes: [['webpath.0', 'webpath.1', 'webpath.2', 'webpath.3', 'webpath.4']],
  },
  { kind: 'big-integer', changes: [['zendesk_ticket_id']] },
];

test.each(rows)(
  '$kind: every chat is written, and the removed values are named',
  async ({ kind, changes }) => {
    const run = await readChats({ chats: 20, hostile: [kind] });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(recordsOf(run, 'chats')).toHaveLength(20);
    expect(changedFields(run)).toEqual(changes);
  },
);

test('names and texts of the whole account may contain anything', async () => {
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
