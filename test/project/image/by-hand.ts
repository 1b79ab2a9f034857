/**
 * Builds an image without an engine: follows the Dockerfile in its own file trees and starts its program as a
 * platform does. It does not test the base image: system and Node.js are this machine's.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import {
  contextOf,
  entryPointOf,
  pairsOf,
  stagesOf,
  type Stage,
} from '../../support/dockerfile.ts';

const top = fileURLToPath(new URL('../../../', import.meta.url));
const script = fileURLToPath(new URL('tree.sh', import.meta.url));
const nodePrefix = dirname(dirname(process.execPath));
const path = `${dirname(process.execPath)}:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin`;

/** Other users become root in a user namespace, with all ids that an image needs. */
const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user', '--map-auto'];
const namespaces = [...asRoot, '--mount', '--pid', '--fork', '--kill-child'];

/** Names of variables for the package registry, which are passed to a build. */
const handedOn = /^(?:npm_config_(?:registry|cafile)|\w+_proxy|NODE_EXTRA_CA_CERTS)$/i;

export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartedRun {
  /** Sends a signal to the program, which is process 1 in its own world; after the time limit, it is killed. */
  readonly stop: (signal: NodeJS.Signals, graceMs: number) => Promise<void>;
  readonly result: Promise<Run>;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

const alive = new Set<Child>();

function startInNamespace(words: readonly string[]): Child {
  const own = Object.entries(process.env).filter(([name]) => handedOn.test(name));
  const child = spawn('unshare', [...namespaces, 'sh', script, ...words], {
    env: {
      ...Object.fromEntries(own),
      PATH: path,
      NODE_PREFIX: nodePrefix,
      NPM_CACHE: process.env['npm_config_cache'] ?? join(homedir(), '.npm'),
      NPM_USERCONFIG: process.env['npm_config_userconfig'] ?? join(homedir(), '.npmrc'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  alive.add(child);
  child.once('close', () => alive.delete(child));
  return child;
}

async function resultOf(child: Child): Promise<Run> {
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code, signal, stdout, stderr };
}

async function inNamespace(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await resultOf(startInNamespace(words));
  if (code !== 0)
    throw new Error(`tree.sh ${words.join(' ')}\nended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** @throws Error with the missing requirement of this machine. */
async function requireNamespaces(): Promise<void> {
  const needs =
    'npm run image needs Linux with util-linux (unshare, setpriv) and root: run it as root, or as a user who ' +
    'may make user namespaces (with uidmap installed)';
  const trial = spawn('unshare', [...namespaces, 'setpriv', '--reuid=1000', 'true'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const { code, stderr } = await resultOf(trial);
    if (code !== 0) throw new Error(stderr);
  } catch (error) {
    // The program is not there, or the kernel refuses: either way it is for a person to mend.
    throw new Error(needs, { cause: error });
  }
}

/** `COPY . DIR` of the clone, or `COPY --from=STAGE DIR DIR`. */
async function copy(words: string, tree: string, trees: ReadonlyMap<string, string>) {
  const [first = '', from = '', to = ''] = words.split(' ');
  const stage = /^--from=(.+)$/.exec(first)?.[1];
  const source = trees.get(stage ?? '');
  if (stage !== undefined && source !== undefined) {
    await inNamespace('copy', tree, `${source}${from}`, to);
  } else if (words === '. .') {
    const ignored = await readFile(join(top, '.dockerignore'), 'utf8');
    for (const name of contextOf(ignored))
      await inNamespace('add', tree, join(top, name), '/build');
  } else throw new Error(`COPY ${words} cannot be done by hand`);
}

async function follow(stage: Stage, tree: string, trees: ReadonlyMap<string, string>) {
  let folder = '/';
  await inNamespace('base', tree);
  for (const { name, text: words } of stage.instructions) {
    if (name === 'WORKDIR') folder = words;
    else if (name === 'RUN') await inNamespace('run', tree, folder, words);
    else if (name === 'COPY') await copy(words, tree, trees);
  }
}

/** A program that has not ended after so long is killed, and the test fails for the wrong signal. */
const timeoutMs = 60_000;

async function childOf({ pid = 0 }: Child): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return Number(children.trim());
}

/** The image of the Dockerfile: its last stage, in a file tree. */
export class Image {
  readonly entryPoint: readonly string[];
  /** The environment the image itself sets. */
  readonly env: Readonly<Record<string, string>>;
  readonly #tree: string;
  readonly #work: string;

  private constructor(stage: Stage, tree: string, work: string) {
    this.entryPoint = entryPointOf(stage);
    this.env = pairsOf(stage, 'ENV');
    this.#tree = tree;
    this.#work = work;
  }

  /** @throws Error with the output of the step that failed. */
  static async build(): Promise<Image> {
    await requireNamespaces();
    const work = await mkdtemp(join(tmpdir(), 'image-'));
    try {
      const trees = new Map<string, string>();
      const stages = stagesOf(await readFile(join(top, 'Dockerfile'), 'utf8'));
      for (const stage of stages) {
        const tree = join(work, `stage-${trees.size}`);
        await follow(stage, tree, trees);
        trees.set(stage.name, tree);
      }
      const [image, tree] = [stages.at(-1), [...trees.values()].at(-1)];
      if (image === undefined || tree === undefined)
        throw new Error('the Dockerfile makes no image');
      return new Image(image, tree, work);
    } catch (error) {
      // A failed step must be removed here.
      await inNamespace('remove', work);
      throw error;
    }
  }

  /** The output of a line in the image's shell, run as root. */
  async ask(line: string): Promise<string> {
    return (await inNamespace('run', this.#tree, '/', line)).trim();
  }

  /** Starts words in it as uid 1000, in /source, with the folder of inputs at /config. */
  start(
    words: readonly string[],
    options: { readonly inputs: string; readonly env: Readonly<Record<string, string>> },
  ): StartedRun {
    const pairs = Object.entries(options.env).map(([name, value]) => `${name}=${value}`);
    const env = ['env', '-i', '-C', '/source', `PATH=${path}`, ...pairs];
    const child = startInNamespace(['start', this.#tree, options.inputs, ...env, ...words]);
    const end = (): boolean => child.kill('SIGKILL');
    const timers = [setTimeout(end, timeoutMs)];
    return {
      result: resultOf(child).finally(() => timers.forEach((timer) => clearTimeout(timer))),
      stop: async (signal, graceMs) => {
        process.kill(await childOf(child), signal);
        timers.push(setTimeout(end, graceMs));
      },
    };
  }

  async remove(): Promise<void> {
    for (const child of alive) child.kill('SIGKILL');
    await inNamespace('remove', this.#work);
  }
}
