/** A run of the built program whose reader is slow, or goes away, or whose process is killed. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Dice } from '../lossless/dice.ts';

export interface Death {
  readonly kind: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'closed pipe';
  /** Of the output. */
  readonly afterBytes: number;
  /** At the latest. */
  readonly afterMs: number;
}

interface RunOptions {
  readonly url: string;
  readonly config: object;
  readonly state: object | undefined;
  readonly death: Death | undefined;
  /** A slow reader rests so long after each piece. */
  readonly pauseMs: number;
  /** Told each whole line. */
  readonly onLine: (line: string) => void;
}

export interface RunEnd {
  readonly code: number | null;
  /** The death, if it came before the end. */
  readonly diedOf: Death['kind'] | undefined;
  /** The largest resident size that was seen. */
  readonly peakKib: number;
  readonly lastWords: string;
}

const lookEveryMs = 20;

const program = fileURLToPath(new URL('../../bin/tap-zendesk-chat.js', import.meta.url));

/** A run that takes longer than this hangs. */
const longestMs = 180_000;

/** @param share How many of a hundred die. */
export function chooseDeath(dice: Dice, share: number): Death | undefined {
  if (!dice.percent(share)) return undefined;
  const kind = dice.one(['SIGKILL', 'SIGTERM', 'SIGINT', 'closed pipe'] as const);
  const afterBytes = dice.percent(25) ? dice.between(1, 60_000) : dice.between(1, 6_000_000);
  return { kind, afterBytes, afterMs: dice.one([dice.between(300, 3000), longestMs]) };
}

async function peakOf(pid: number) {
  // A process that has just ended has no such file any more.
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
}

function createExecutioner(child: ChildProcessWithoutNullStreams, death: Death | undefined) {
  let isDead = false;
  const execute = () => {
    if (death === undefined || isDead || child.exitCode !== null) return;
    isDead = true;
    if (death.kind === 'closed pipe') child.stdout.destroy();
    else child.kill(death.kind);
  };
  const timer = death && setTimeout(execute, death.afterMs);
  return {
    see: (bytes: number) => {
      if (death !== undefined && bytes >= death.afterBytes) execute();
    },
    end: () => {
      clearTimeout(timer);
      return isDead ? death?.kind : undefined;
    },
  };
}

/** Reads lines at the reader's pace. What a killed tap has written is read to its end. */
async function readLines(
  { stdout }: ChildProcessWithoutNullStreams,
  { pauseMs, onLine }: RunOptions,
  see: (bytes: number) => void,
) {
  let rest = '';
  let bytes = 0;
  stdout.setEncoding('utf8');
  try {
    for await (const piece of stdout) {
      bytes += piece.length;
      const lines = `${rest}${piece}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
      see(bytes);
      if (pauseMs > 0) await sleep(pauseMs);
    }
  } catch (error) {
    // The reader itself has closed the pipe.
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

async function start(folder: string, { url, config, state }: RunOptions) {
  const argv = [program, '--config', join(folder, 'config.json')];
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  if (state !== undefined) {
    await writeFile(join(folder, 'state.json'), JSON.stringify(state));
    argv.push('--state', join(folder, 'state.json'));
  }
  const child = spawn(process.execPath, argv, {
    env: { PATH: process.env['PATH'] ?? '', ZENDESK_CHAT_API_URL: url },
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  child.stdin.end();
  return child;
}

export async function runOnce(options: RunOptions): Promise<RunEnd> {
  const folder = await mkdtemp(join(tmpdir(), 'tap-soak-'));
  try {
    const child = await start(folder, options);
    let peakKib = 0;
    const measure = async () => {
      peakKib = Math.max(peakKib, await peakOf(child.pid ?? 0));
    };
    const look = setInterval(() => void measure(), lookEveryMs);
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      told = `${told}${text}`.slice(-4000);
    });
    const closed = new Promise<number | null>((resolve) => {
      child.once('close', resolve);
    });
    const executioner = createExecutioner(child, options.death);
    await readLines(child, options, executioner.see);
    const code = await closed;
    clearInterval(look);
    const lastWords = told.trim().split('\n').at(-1) ?? '';
    return { code, diedOf: executioner.end(), peakKib, lastWords };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
