/** Log lines about requests and values, and masked secrets. */
import { testsOf } from '../mutant.js';

/** @param {...string} titles */
const requestTests = (...titles) => testsOf('reporting/requests', ...titles);

/** @param {...string} titles */
const maskingTests = (...titles) => testsOf('reporting/masking', ...titles);

/** @type {readonly import('../mutant.js').Mutant[]} */
export const logMutants = [
  {
    name: 'the log masks secrets in its own words',
    file: 'src/core/redactor.ts',
    search: 'form.length >= minDistinctLength && !words.test(form)',
    replacement: 'form.length >= 4',
    killers: maskingTests('is the same as with another token'),
  },
  {
    name: 'the log shows a short secret that a config repeats',
    file: 'src/core/quoting.ts',
    search: 'return isHarmless ? foreign(JSON.stringify(value)) :',
    replacement: 'return isHarmless ? JSON.stringify(value) :',
    killers: maskingTests('A short token is masked in a value of the config'),
  },
  {
    name: 'the log shows a short secret in the name of a host',
    file: 'src/http/http-errors.ts',
    search: '`${foreign(peer.host)}',
    replacement: '`${peer.host}',
    killers: maskingTests('in the names of hosts'),
  },
  {
    name: 'the log shows the query of a redirect',
    file: 'src/sync/request-log.ts',
    search: 'isRedirected ? url.pathname : url.pathname + url.search',
    replacement: 'url.pathname + url.search',
    killers: requestTests('After a redirect the query'),
  },
  {
    name: 'an unknown host is retried before the first response',
    file: 'src/http/http-errors.ts',
    search: "const kind = isKnownHost ? 'transient' : 'config';",
    replacement: "const kind = 'transient';",
    killers: requestTests('A host name that does not exist ends the run'),
  },
  {
    name: 'an unknown host is not retried after a response',
    file: 'src/http/http-errors.ts',
    search: "const kind = isKnownHost ? 'transient' : 'config';",
    replacement: "const kind = 'config';",
    killers: requestTests('After a first response, an unknown host name'),
  },
  {
    name: 'a check continues although the host cannot be reached',
    file: 'src/sync/dry-run.ts',
    search: "error.failure !== 'network') throw error;",
    replacement: "error.failure === 'network') throw error;",
    killers: requestTests('--check stops after the first stream'),
  },
  {
    name: 'the count of a repeated warning is too low by one',
    file: 'src/sync/record-transform.ts',
    search: '${repeats + 1} values',
    replacement: '${repeats} values',
    killers: testsOf('reporting/findings', 'A repeated finding is one warning'),
  },
];
