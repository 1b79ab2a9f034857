/** A run of the built program whose reader is slow, or goes away, or whose process is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Dice } from '../../no-loss/dice.ts';

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
  /** Receives each complete line. */
  readonly onLine: (line: string) => void;
}

export interface RunEnd {
  readonly code: number | null;
  /** How the process was killed, if it was. */
  readonly diedOf: Death['kind'] | undefined;
  /** The largest resident size that was seen. */
  readonly peakKib: number;
  readonly lastErrorLine: string;
}

const lookEveryMs = 20;

const program = fileURLToPath(new URL('../../../bin/tap-zendesk-chat.js', import.meta.url));

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
  // A process that has just ended no longer has this file.
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
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
  const { death, pauseMs, onLine } = options;
  const folder = await mkdtemp(join(tmpdir(), 'tap-soak-'));
  try {
    const child = await start(folder, options);
    const closed = once(child, 'close');
    const said = text(child.stderr);
    let peakKib = 0;
    let diedOf: Death['kind'] | undefined;
    const die = () => {
      if (death === undefined || diedOf !== undefined || child.exitCode !== null) return;
      diedOf = death.kind;
      if (death.kind === 'closed pipe') child.stdout.destroy();
      else child.kill(death.kind);
    };
    const measure = async () => {
      peakKib = Math.max(peakKib, await peakOf(child.pid ?? 0));
    };
    const look = setInterval(() => void measure(), lookEveryMs);
    const timer = setTimeout(die, death?.afterMs ?? longestMs);
    let rest = '';
    let bytes = 0;
    // The output of a killed tap is read completely.
    const read = async () => {
      for await (const piece of child.stdout.setEncoding('utf8')) {
        bytes += piece.length;
        const lines = `${rest}${piece}`.split('\n');
        rest = lines.pop() ?? '';
        lines.forEach((line) => onLine(line));
        if (bytes >= (death?.afterBytes ?? Infinity)) die();
        if (pauseMs > 0) await sleep(pauseMs);
      }
    };
    await read().catch((error: unknown) => {
      // The reader itself has closed the pipe.
      if (diedOf !== 'closed pipe') throw error;
    });
    const [code] = await closed;
    clearInterval(look);
    clearTimeout(timer);
    const lastErrorLine = (await said).trim().split('\n').at(-1) ?? '';
    return { code, diedOf, peakKib, lastErrorLine };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
