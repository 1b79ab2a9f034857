/** The only file that imports nock: importing it patches node:http for the whole process. */
import { afterAll, afterEach } from '@jest/globals';
import nock from 'nock';

afterEach(() => {
  const left = nock.pendingMocks();
  nock.cleanAll();
  if (left.length > 0)
    throw new Error(`${left.length} of the scripted responses were not requested.`);
});

afterAll(() => {
  nock.enableNetConnect();
  nock.restore();
});

nock.disableNetConnect();

/** One response of a scripted API. */
export interface ScriptedAnswer {
  readonly status?: number;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection fails with this code instead of a response. */
  readonly errorCode?: string;
}

export interface ScriptedRequest {
  /** Path and query. */
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ScriptedApi {
  /** The requests, in order. */
  readonly requests: readonly ScriptedRequest[];
}

/**
 * An API that sends these responses in order, for any request. An additional request fails, and
 * so does a test that does not use all responses.
 */
export function scriptApi(origin: string, answers: readonly ScriptedAnswer[]): ScriptedApi {
  const requests: ScriptedRequest[] = [];
  const scope = nock(origin);
  for (const { status = 200, body = {}, headers = {}, errorCode } of answers) {
    const interceptor = scope.get(/.*/u);
    if (errorCode !== undefined) {
      interceptor.replyWithError(Object.assign(new Error(errorCode), { code: errorCode }));
      continue;
    }
    interceptor.reply(function reply(uri) {
      requests.push({ uri, headers: { ...this.req.headers } });
      return [status, typeof body === 'string' ? body : JSON.stringify(body), { ...headers }];
    });
  }
  return { requests };
}
