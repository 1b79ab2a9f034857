/** Meltano passes every setting of the definition on, as it is given in the environment and in `meltano.yml`. */
import { deepEqual, equal } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { parseYaml } from '../../../project/yaml.ts';
import { definition, inProject, takeFiles, tap } from '../meltano.ts';
import type { Answer } from '../programs.ts';
import type { Row, Sandbox, Stage } from '../stage.ts';

/** Of the definition. */
interface Setting {
  readonly name: string;
  readonly kind: string;
  /** Its default. */
  readonly value?: unknown;
  readonly placeholder?: string;
  readonly options?: readonly { value: string }[];
}

async function readSettings(): Promise<readonly Setting[]> {
  return (parseYaml(await readFile(definition, 'utf8')) as Answer).settings;
}

/** A valid value that is not the default. */
function otherValue({ name, kind, value, placeholder, options = [] }: Setting) {
  if (kind === 'boolean') return value !== true;
  const option = options.find((each) => each.value !== value);
  if (option !== undefined) return option.value;
  if (typeof value === 'number') return value > 1 ? value - 1 : value + 1;
  return placeholder ?? `my ${name}`;
}

/** @returns by the setting's name */
function valuesFor({ config }: Sandbox, settings: readonly Setting[]): Record<string, unknown> {
  const values = Object.fromEntries(settings.map((each) => [each.name, otherValue(each)]));
  const own = { end_date: '2099-12-31', extra_streams: 'all', request_timeout: 30.5 };
  return { ...values, ...config, ...own };
}

function environmentOf(values: Record<string, unknown>): NodeJS.ProcessEnv {
  const entries = Object.entries(values);
  return Object.fromEntries(
    entries.map(([name, value]) => [`TAP_ZENDESK_CHAT_${name.toUpperCase()}`, String(value)]),
  );
}

/** The config as the tap gets it; whether a number comes as a number or as its text makes no difference to it. */
function texts(config: Record<string, unknown>) {
  const entries = Object.entries(config);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, String(value).replace('T00:00:00', '')]),
  );
}

async function setEverything(stage: Stage) {
  return inProject(stage, { chats: 20, timeline: 10 }, async (project, sandbox) => {
    const settings = await readSettings();
    const values = valuesFor(sandbox, settings);
    const env = environmentOf(values);
    const { stdout } = await project.well(['invoke', '--dump=config', tap], env);
    deepEqual(texts(JSON.parse(stdout)), texts(values), 'the config that Meltano writes');
    await project.well(['run', tap, 'target-jsonl'], env);
    equal((await takeFiles(project))['chats']?.length, 20);
    const agents = sandbox.requests.find(({ path }) => path.endsWith('/agents'));
    equal(agents?.query['limit'], String(values['agents_page_limit']));
    equal(agents?.userAgent, values['user_agent']);
    // In meltano.yml a number is a number, and a list may be a list.
    const native = { request_timeout: 30, max_retry_seconds: 0.5, extra_streams: [] };
    for (const [name, value] of Object.entries(native)) {
      await project.well(['config', 'set', tap, name, JSON.stringify(value)]);
    }
    await project.well(['invoke', tap, '--check']);
    return `${settings.length} settings through the environment reach the tap`;
  });
}

export const meltanoSettings: Row = {
  name: 'meltano 4.4.1, every setting',
  consumers: ['meltano', 'target-jsonl', 'target-postgres-meltanolabs'],
  run: setEverything,
};
