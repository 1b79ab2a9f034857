import { HttpClient, type HttpClientOptions } from '../../src/http/client.ts';
import type { RequestReport, WaitReport } from '../../src/http/options.ts';
import { bearerCredentials } from '../../src/zendesk/credentials.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';

/** 2026-01-02T03:04:05Z */
export const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);

export const token = 'secret-token-1';

export interface TestClient {
  readonly client: HttpClient;
  readonly clock: FakeClock;
  readonly reports: readonly RequestReport[];
  readonly waits: readonly WaitReport[];
}

/** A client on a fake clock, without jitter (each backoff is its ceiling), that records what it reports. */
export function createTestClient(options: Partial<HttpClientOptions> = {}): TestClient {
  const clock = createFakeClock(startMs);
  const reports: RequestReport[] = [];
  const waits: WaitReport[] = [];
  const client = new HttpClient({
    origin: 'https://acme.example',
    credentials: () => bearerCredentials(token),
    userAgent: 'tap-test/1',
    redact: (text) => text.replaceAll(token, '***'),
    clock,
    signal: new AbortController().signal,
    onAttempt: (report) => reports.push(report),
    onWait: (wait) => waits.push(wait),
    random: () => 1,
    ...options,
  });
  return { client, clock, reports, waits };
}

/** What a promise rejects with; fails when it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It was expected to reject.');
}
