/** Where a program's time goes, by V8's own profiler. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { aligned } from './table.ts';

/** The part of a .cpuprofile that is read. */
interface Profile {
  readonly nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

const most = 25;
const longestName = 100;
const top = new URL('../../', import.meta.url).href;

export function profilerFlags(folder: string): string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

function selfTimes({ nodes, samples, timeDeltas }: Profile) {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const place = url.replace(top, '');
      const line = url === '' ? '' : ` ${place}:${lineNumber + 1}`;
      return [id, `${functionName || '(anonymous)'}${line}`.slice(0, longestName)];
    }),
  );
  const times: Map<string, number> = new Map();
  for (const [index, sample] of samples.entries()) {
    const name = names.get(sample) ?? '';
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0) / 1000);
  }
  return times;
}

/**
 * The functions that took most, of themselves; waiting is left out.
 *
 * @param folder Of one process's profile.
 */
export async function profileLines(folder: string): Promise<string[]> {
  const file = (await readdir(folder)).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error(`${folder} holds no profile.`);
  const times = selfTimes(JSON.parse(await readFile(join(folder, file), 'utf8')));
  times.delete('(idle)');
  const total = [...times.values()].reduce((sum, ms) => sum + ms, 0);
  const sorted = [...times].sort(([, left], [, right]) => right - left).slice(0, most);
  const rows = sorted.map(([name, ms]) => [
    name,
    ms.toFixed(0),
    `${((ms / total) * 100).toFixed(1)} %`,
  ]);
  return [`  profile: ${join(folder, file)}`, ...aligned([['', 'ms', 'share'], ...rows])];
}
