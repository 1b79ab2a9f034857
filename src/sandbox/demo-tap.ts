import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { isJsonObject } from '../json.ts';

export interface TapCommand {
  readonly tapPath: string;
  readonly flags: readonly string[];
  readonly cwd: string;
  readonly apiUrl: string;
  /** Where the tap's stdout goes. */
  readonly stdoutFile: string;
  readonly signal: AbortSignal;
}

/** What one run of the tap gave. */
export interface TapRun {
  /** null: it was ended by a signal. */
  readonly code: number | null;
  readonly lastError: string;
  /** RECORD lines by stream. */
  readonly records: ReadonlyMap<string, number>;
  /** The value of the last STATE line. */
  readonly state: unknown;
  readonly seconds: number;
}

/** Enough of stderr to hold its last line. */
const keptErrorCharacters = 4000;

/** Counts and keeps what the messages of a run say; other lines, such as a catalog's, say nothing. */
async function readMessages(file: string): Promise<Pick<TapRun, 'records' | 'state'>> {
  const records = new Map<string, number>();
  let state: unknown;
  for await (const line of createInterface({ input: createReadStream(file, 'utf8') })) {
    if (!line.startsWith('{"type":')) continue;
    const message: unknown = JSON.parse(line);
    if (!isJsonObject(message)) continue;
    const { type, stream, value } = message;
    if (type === 'RECORD' && typeof stream === 'string') {
      records.set(stream, (records.get(stream) ?? 0) + 1);
    }
    if (type === 'STATE') state = value;
  }
  return { records, state };
}

/** Runs the tap as a process of its own against a sandbox. */
export async function runTap(command: TapCommand): Promise<TapRun> {
  const started = performance.now();
  const child = spawn(process.execPath, [command.tapPath, ...command.flags], {
    cwd: command.cwd,
    env: { ...process.env, ZENDESK_CHAT_API_URL: command.apiUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: command.signal,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-keptErrorCharacters);
  });
  const [[code]] = await Promise.all([
    once(child, 'close'),
    pipeline(child.stdout, createWriteStream(command.stdoutFile)),
  ]);
  return {
    ...(await readMessages(command.stdoutFile)),
    code: typeof code === 'number' ? code : null,
    lastError: errors.trimEnd().split('\n').at(-1) ?? '',
    seconds: (performance.now() - started) / 1000,
  };
}
