/** Airbyte's standard tests of a connector's image. A replacement for docker starts the program. */
import { equal } from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { unexpectedValues } from '../expected.ts';
import { parseYaml } from '../../../project/yaml.ts';
import { runProgram, type Answer } from '../programs.ts';
import { airbyteConfig, consumerEnv, sourceProgram } from '../stage.ts';
import type { Row, Sandbox } from '../stage.ts';

const image = 'local/source-zendesk-chat:dev';

/** Two spec lints, spec, both checks, discover with read; and ours: catalog, and records in either sync mode. */
const testCount = 9;

/**
 * What the tests read about a connector. They look for the language to choose what they do: of a program
 * in an image nothing is known, as with java.
 */
async function metadata() {
  const file = parseYaml(await readFile(besides('../../../../metadata.yaml'), 'utf8')) as Answer;
  const own = { dockerRepository: 'local/source-zendesk-chat', dockerImageTag: 'dev' };
  return { ...file, data: { ...file.data, ...own, tags: ['language:java'] } };
}

const good = { config_path: 'secrets/config.json' };
const bad = { config_path: 'secrets/bad-config.json' };

const acceptance = {
  connector_image: image,
  test_strictness_level: 'high',
  acceptance_tests: {
    spec: { tests: [{ ...good, spec_path: 'spec.json' }] },
    connection: {
      tests: [
        { ...good, status: 'succeed' },
        { ...bad, status: 'failed' },
      ],
    },
    discovery: { tests: [good] },
    basic_read: { tests: [good] },
    full_refresh: { tests: [good] },
  },
};

function besides(name: string) {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** A folder as Airbyte wants that of a connector. JSON is YAML too. */
async function layOut(folder: string, sandbox: Sandbox) {
  const root = join(folder, 'source-zendesk-chat');
  await mkdir(join(root, 'secrets'), { recursive: true });
  await mkdir(join(folder, 'bin'));
  const config = airbyteConfig(sandbox);
  const badConfig = {
    ...config,
    credentials: { ...config.credentials, access_token: 'wrong-token' },
  };
  for (const [name, value] of [
    ['metadata.yaml', await metadata()],
    ['acceptance-test-config.yml', acceptance],
    [good.config_path, config],
    [bad.config_path, badConfig],
  ] as const) {
    await writeFile(join(root, name), JSON.stringify(value));
  }
  await copyFile(besides('airbyte_standard_tests.py'), join(root, 'test_connector.py'));
  const docker = besides('../../../project/docker.js');
  const lines = `#!/bin/sh\nexec "${process.execPath}" "${docker}" "$@"\n`;
  await writeFile(join(folder, 'bin', 'docker'), lines, { mode: 0o755 });
  return root;
}

const how = '-q -rfE --no-header --tb=short -W ignore -p no:cacheprovider -m image_tests';
const what = '-p airbyte_cdk.test.standard_tests.pytest_hooks --read-from-streams=all';

/** The omitted tests request the connector's last release from a registry. */
const pytest = ['-m', 'pytest', ...how.split(' '), ...what.split(' '), '-k', 'not backward'];

export const airbyteStandardTests: Row = {
  name: 'airbyte-cdk 7.39.1, standard tests',
  consumers: ['airbyte-cdk'],
  async run(stage) {
    const { python, command } = await stage.environment('airbyte-cdk');
    const sandbox = await stage.account({ chats: 60, timeline: 30, hostile: unexpectedValues });
    const folder = await stage.folder();
    const cwd = await layOut(folder, sandbox);
    const env = consumerEnv(folder, sandbox);
    const PATH = [join(folder, 'bin'), command(''), env['PATH']].join(delimiter);
    const result = await runProgram(
      python,
      [...pytest, '--connector-image', image, 'test_connector.py'],
      {
        cwd,
        env: { ...env, PATH, SOURCE_PROGRAM: sourceProgram },
      },
    );
    const summary = result.stdout.trim().split('\n').at(-1) ?? '';
    equal(result.code, 0, `${result.stdout.slice(-5000)}${result.stderr}`);
    const passed = /(\d+) passed/.exec(summary)?.[1];
    equal(Number(passed), testCount, result.stdout.slice(-5000));
    return `${testCount} tests of spec, check, discover, read, catalog, records in both sync modes`;
  },
};
