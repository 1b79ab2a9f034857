import { expect, jest, test } from '@jest/globals';

import type { HttpResponse } from '../../../src/http/transport.ts';
import { createChatApi } from '../../../src/zendesk/api.ts';

const serverTimeMs = Date.UTC(2026, 0, 10, 12);

test.each([
  ['clocks that differ by more than a minute are warned about once', 61_000, 61_000, 1],
  ['a long download is not taken for a clock that is wrong', 60_000, 600_000, 0],
])('%s', async (_, headMs, bodyMs, warnings) => {
  const warn = jest.fn<(message: string) => void>();
  const [begun, ended] = [serverTimeMs + headMs, serverTimeMs + bodyMs];
  const answer: HttpResponse = {
    body: [],
    serverTimeMs,
    headersMs: begun,
    receivedMs: ended,
    durationMs: 0,
  };
  const api = createChatApi({
    http: { get: async () => answer, getEarly: async () => undefined, spareStarts: () => 0 },
    warn,
    now: () => ended,
  });
  await api.get('agents');
  await api.get('agents');
  expect(warn).toHaveBeenCalledTimes(warnings);
});
