/** A run of the built program whose reader is slow, or goes away, or whose process is killed. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {import('./dice.js').Dice} Dice */

/**
 * @typedef {object} Death
 * @property {'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'closed pipe'} kind
 * @property {number} afterBytes Of the output.
 * @property {number} afterMs At the latest.
 */

/**
 * @typedef {object} RunOptions
 * @property {string} program Path of the tap.
 * @property {string} url
 * @property {object} config
 * @property {object | undefined} state
 * @property {Death | undefined} death
 * @property {number} pauseMs A slow reader rests so long after each piece.
 * @property {(line: string) => void} onLine Told each whole line.
 */

/**
 * @typedef {object} RunEnd
 * @property {number | null} code
 * @property {boolean} isDead Whether the death came before the end.
 * @property {number} peakKib The largest resident size that was seen.
 * @property {string} lastWords
 */

const lookEveryMs = 20;

/** A run that takes longer than this hangs. */
const longestMs = 180_000;

/**
 * @param {Dice} dice
 * @param {number} share How many of a hundred die.
 * @returns {Death | undefined}
 */
export function chooseDeath(dice, share) {
  if (!dice.percent(share)) return undefined;
  const kind = dice.one(/** @type {const} */ (['SIGKILL', 'SIGTERM', 'SIGINT', 'closed pipe']));
  const afterBytes = dice.percent(25) ? dice.between(1, 60_000) : dice.between(1, 6_000_000);
  return { kind, afterBytes, afterMs: dice.one([dice.between(300, 3000), longestMs]) };
}

/** @param {number} pid */
async function peakOf(pid) {
  // A process that has just ended has no such file any more.
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
}

/**
 * @param {import('node:child_process').ChildProcessWithoutNullStreams} child
 * @param {Death | undefined} death
 */
function createExecutioner(child, death) {
  let isDead = false;
  const execute = () => {
    if (death === undefined || isDead || child.exitCode !== null) return;
    isDead = true;
    if (death.kind === 'closed pipe') child.stdout.destroy();
    else child.kill(death.kind);
  };
  const timer = death && setTimeout(execute, death.afterMs);
  return {
    /** @param {number} bytes */
    see: (bytes) => {
      if (death !== undefined && bytes >= death.afterBytes) execute();
    },
    end: () => {
      clearTimeout(timer);
      return isDead;
    },
  };
}

/**
 * Reads lines at the reader's pace. What a killed tap has written is read to its end.
 *
 * @param {import('node:child_process').ChildProcessWithoutNullStreams} child
 * @param {RunOptions} options
 * @param {(bytes: number) => void} see
 */
async function readLines({ stdout }, { pauseMs, onLine }, see) {
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

/**
 * @param {string} folder
 * @param {RunOptions} options
 */
async function start(folder, { program, url, config, state }) {
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

/**
 * @param {RunOptions} options
 * @returns {Promise<RunEnd>}
 */
export async function runOnce(options) {
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
    const closed = new Promise((resolve) => {
      child.once('close', resolve);
    });
    const executioner = createExecutioner(child, options.death);
    await readLines(child, options, executioner.see);
    const code = await closed;
    clearInterval(look);
    const lastWords = told.trim().split('\n').at(-1) ?? '';
    return { code, isDead: executioner.end(), peakKib, lastWords };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
