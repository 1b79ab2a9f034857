import { apiPrefix } from './api.ts';
import type { TapRun } from './demo-tap.ts';
import type { LoggedRequest } from './request-log.ts';

/** One run and the requests it made. */
export interface ReportedRun extends TapRun {
  readonly requests: readonly LoggedRequest[];
}

/** Paths whose stream is not called like their last word. */
const streamOfPath: Readonly<Record<string, string>> = {
  account: 'accounts',
  'routing_settings/account': 'routing_settings',
  'routing_settings/agents': 'routing_settings_agents',
};

function streamOf({ path }: LoggedRequest): string {
  const short = path.replace(apiPrefix, '').replace('incremental/', '');
  return streamOfPath[short] ?? short;
}

function requestsOf(run: ReportedRun, stream: string): readonly LoggedRequest[] {
  return run.requests.filter((request) => streamOf(request) === stream);
}

/** From the first request of a stream to the end of its last answer. */
function secondsOf(run: ReportedRun, stream: string): string {
  const requests = requestsOf(run, stream);
  const first = requests.at(0);
  const last = requests.at(-1);
  if (first === undefined || last === undefined) return '';
  return (((last.doneAt ?? last.at) - first.at) / 1000).toFixed(2);
}

function recordsOf(run: ReportedRun, stream: string): string {
  return String(run.records.get(stream) ?? 0);
}

function sum(records: ReadonlyMap<string, number>): number {
  return [...records.values()].reduce((total, count) => total + count, 0);
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .map((line) => `   ${line.trimEnd()}\n`)
    .join('');
}

/** Records, requests and seconds of both runs, stream by stream. */
export function table(first: ReportedRun, second: ReportedRun): string {
  const runs = [first, second];
  const streams = new Set(
    runs.flatMap((run) => [...run.requests.map(streamOf), ...run.records.keys()]),
  );
  streams.delete('agents/me');
  const rows = [...streams].map((stream) => [
    stream,
    recordsOf(first, stream),
    recordsOf(second, stream),
    String(requestsOf(first, stream).length),
    String(requestsOf(second, stream).length),
    secondsOf(first, stream),
    secondsOf(second, stream),
  ]);
  return aligned([
    ['stream', 'records 1st', '2nd', 'requests 1st', '2nd', 'seconds 1st', '2nd'],
    ...rows,
    [
      'all',
      ...runs.map((run) => String(sum(run.records))),
      ...runs.map((run) => String(run.requests.length)),
      ...runs.map((run) => run.seconds.toFixed(2)),
    ],
  ]);
}

/** What the text at the end is made from. */
export interface AdviceOptions {
  /** How the tap is called from here. */
  readonly tap: string;
  readonly chats: number;
  readonly output: string;
}

const byHandPort = 8765;

/** The commands to do it all by hand, and to do it with a real account. */
export function advice({ tap, chats, output }: AdviceOptions): string {
  const sandbox = tap.replace('tap-zendesk-chat', 'zendesk-chat-sandbox');
  const url = `http://127.0.0.1:${byHandPort}`;
  const lastState =
    "node -p \"JSON.stringify(JSON.parse(fs.readFileSync(0,'utf8').trim().split('\\n').pop()).value)\"";
  return `
Again, by hand:
   ${sandbox} --port ${byHandPort} --chats ${chats} --write-config ${output}/config.json     # leave it running
   export ZENDESK_CHAT_API_URL=${url}                          # in a second terminal
   ${tap} --config ${output}/config.json --discover > ${output}/catalog.json
   ${tap} --config ${output}/config.json --catalog ${output}/catalog.json > ${output}/first.jsonl
   ${lastState} < ${output}/first.jsonl > ${output}/state.json
   curl --data '{"count":5}' ${url}/sandbox/edit
   ${tap} --config ${output}/config.json --catalog ${output}/catalog.json --state ${output}/state.json > ${output}/second.jsonl

With your account, without ZENDESK_CHAT_API_URL:
   echo '{"subdomain": "<yours>", "access_token": "<a Chat token>"}' > config.json
   ${tap} --config config.json --discover > catalog.json
   ${tap} --config config.json --catalog catalog.json > first.jsonl
`;
}
