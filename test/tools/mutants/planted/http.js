/** The HTTP client: valid responses, retries, and the recipients of the token. */
import { testsOf } from '../mutant.js';

const client = 'src/http/client.ts';

/** @param {...string} titles */
const clientTests = (...titles) => testsOf('unit/http/client', ...titles);

/** @param {...string} titles */
const answerTests = (...titles) => testsOf('reporting/answers', ...titles);

/** @param {...string} titles */
const requestTests = (...titles) => testsOf('unit/http/transport', ...titles);

/** @type {readonly import('../mutant.js').Mutant[]} */
export const httpMutants = [
  {
    name: 'HTML with status 200 counts as empty',
    file: 'src/http/body.ts',
    search: "throw createHttpError('not-json', `sends ${describeText(text)} instead of JSON`);",
    replacement:
      "if (describeText(text) === 'HTML') return [];\n  throw createHttpError('not-json', `sends ${describeText(text)} instead of JSON`);",
    killers: answerTests('and the response never counts as valid'),
  },
  {
    name: 'an empty body counts as an empty list',
    file: 'src/http/body.ts',
    search: 'return JSON.parse(text);',
    replacement: "return JSON.parse(text === '' ? '[]' : text);",
    killers: answerTests('and the response never counts as valid'),
  },
  {
    name: 'every text is decoded as ASCII',
    file: 'src/http/body.ts',
    search: 'if (isAscii(bytes)) return',
    replacement: 'if (isAscii(bytes.subarray(0, 10))) return',
    killers: answerTests('is decoded correctly'),
  },
  {
    name: 'invalid bytes are replaced',
    file: 'src/http/body.ts',
    search: 'if (!isLenient && !isUtf8(bytes)) return undefined;',
    replacement: '',
    killers: answerTests('and the response never counts as valid'),
  },
  {
    name: 'a truncated gzip body is inflated partly',
    file: 'src/http/body.ts',
    search: 'chunkSize: inflateChunkSize(decoded, maxBytes), maxOutputLength: maxBytes };',
    replacement:
      'chunkSize: inflateChunkSize(decoded, maxBytes), maxOutputLength: maxBytes, finishFlush: 2 };',
    killers: answerTests('and the response never counts as valid'),
  },
  {
    name: 'a truncated body counts as complete',
    file: 'src/http/transport.ts',
    search: 'if (response?.ok === false) return',
    replacement:
      "if (response?.ok === true) return { response, headersMs, bytes: Buffer.from('[]') };\n      if (response?.ok === false) return",
    killers: answerTests('and the response never counts as valid'),
  },
  {
    name: 'Retry-After is ignored',
    file: 'src/http/retry.ts',
    search: 'if (retryAfterMs !== undefined && retryAfterMs > 0) return retryAfterMs;',
    replacement: 'if (retryAfterMs !== undefined && retryAfterMs > 1e9) return retryAfterMs;',
    killers: [
      ...clientTests('the request is retried'),
      ...testsOf('unit/http/retry', 'a Retry-After of'),
    ],
  },
  {
    name: 'a Retry-After date is compared with the local clock',
    file: 'src/http/transport.ts',
    search: "parseRetryAfter(headers.get('retry-after'), fromMs)",
    replacement: "parseRetryAfter(headers.get('retry-after'), nowMs)",
    killers: clientTests('the request is retried'),
  },
  {
    name: 'other requests are sent during a wait that the API requested',
    file: client,
    search: '      this.#limiter.pauseFor(retryAfterMs);\n',
    replacement: '',
    killers: clientTests('and a Retry-After applies to it, too'),
  },
  {
    name: 'a wait that exceeds the retry budget ends only one stream',
    file: 'src/http/http-errors.ts',
    search: "{ kind: 'transient', endsRun: true },",
    replacement: "{ kind: 'transient', endsRun: false },",
    killers: testsOf('no-loss/faults', 'ends the run at once and names the end of the wait'),
  },
  {
    name: 'the retry budget has no limit',
    file: client,
    search: 'if (retryBudgetMs <= 0) {',
    replacement: 'if (retryBudgetMs <= 0 && attempts > 8) {',
    killers: clientTests('when the retry budget is exhausted, the error names the last failure'),
  },
  {
    name: 'a 5xx is not retried',
    file: 'src/http/statuses.ts',
    search: 'status >= 500 ?',
    replacement: 'status >= 600 ?',
    killers: clientTests('the request is retried'),
  },
  {
    name: 'retries do not count for the rate limit',
    file: 'src/http/rate-limiter.ts',
    search: 'this.#starts.push(clock.elapsed());',
    replacement: 'if (this.#starts.at(-1) !== clock.elapsed()) this.#starts.push(clock.elapsed());',
    killers: testsOf(
      'unit/http/rate-limiter',
      'a burst up to the rate limit starts without a wait',
    ),
  },
  {
    name: 'the token is sent to another host',
    file: 'src/http/redirects.ts',
    search: 'if (url.origin === requestUrl.origin) return',
    replacement: 'if (url.origin !== "null") return',
    killers: testsOf('no-loss/faults-other-hosts', 'to another host is not followed'),
  },
  {
    name: 'a path can change the host',
    file: 'src/http/transport.ts',
    search: 'let url = new URL(this.#options.origin);',
    replacement: 'let url = new URL(path, this.#options.origin);',
    killers: requestTests('a path that looks like another host remains a path of this host'),
  },
  {
    name: 'the token is quoted in an error',
    file: 'src/http/error-body.ts',
    search: "text: toQuotable(parts.join(': '), redact),",
    replacement: "text: toQuotable(parts.join(': '), (text) => text),",
    killers: clientTests('the error text of the API is quoted without the token'),
  },
  {
    name: 'an error object counts as a response',
    file: 'src/http/transport.ts',
    search: 'isErrorObject(body, responseKeys)',
    replacement: 'isErrorObject(body, responseKeys) && !response.ok',
    killers: clientTests('an error object is a response if it has'),
  },
  {
    name: 'Retry-After only applies to 429 and 5xx',
    file: 'src/http/http-errors.ts',
    search: "(status >= 400 && (headers.has('retry-after') || mentionsLimit))",
    replacement: "(status >= 500 && (headers.has('retry-after') || mentionsLimit))",
    killers: clientTests('the request is retried'),
  },
  {
    name: 'a page limit that failed is requested again and again',
    file: 'src/zendesk/page-limit.ts',
    search: 'if (!isRefused) this.#current = raised;',
    replacement: 'this.#current = raised;',
    killers: testsOf('unit/zendesk/page-limit', 'a raised limit that fails is reduced at once'),
  },
  {
    name: 'a status that means absent is not confirmed',
    file: 'src/sync/stream-status.ts',
    search: 'return confirmsRefusals && previousHttpStatus === undefined;',
    replacement: 'return confirmsRefusals && previousHttpStatus === 0;',
    killers: testsOf('reporting/stream-status', 'A status that means absent may be temporary'),
  },
];
