import { expect, test } from '@jest/globals';

import type { HttpAnswer } from '../../../src/http/request.ts';
import { createChatApi } from '../../../src/zendesk/api.ts';

const serverTimeMs = Date.UTC(2026, 0, 10, 12);

/** An API whose answers begin and end so long after the server has told its time. */
async function warningsAfter(beginsMs: number, endsMs: number): Promise<readonly string[]> {
  const warnings: string[] = [];
  const answer: HttpAnswer = {
    body: [],
    serverTimeMs,
    headMs: serverTimeMs + beginsMs,
    receivedMs: serverTimeMs + endsMs,
  };
  const api = createChatApi({
    http: { get: () => Promise.resolve(answer) },
    warn: (message) => warnings.push(message),
    now: () => serverTimeMs + endsMs,
  });
  await api.get('agents');
  await api.get('agents');
  return warnings;
}

test('clocks that differ by more than a minute are warned about once', async () => {
  expect(await warningsAfter(61_000, 61_000)).toEqual([
    expect.stringMatching(/^this machine's clock is 61 s ahead of the API's/),
  ]);
});

test('a long download is not taken for a clock that is wrong', async () => {
  expect(await warningsAfter(1000, 600_000)).toEqual([]);
});
