/** Every line of every verb through Airbyte's own models of its protocol. */
import { deepEqual, equal } from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { unexpectedValues } from '../expected.ts';
import { configuredCatalog, discovered, lastStates, messagesOf } from '../messages.ts';
import { runWell } from '../programs.ts';
import { airbyteConfig, runWithFiles, sourceProgram, type Files, type Row } from '../stage.ts';

const validator = fileURLToPath(new URL('protocol_models.py', import.meta.url));

export const protocolModels: Row = {
  name: 'airbyte-protocol-models 0.18.0',
  consumers: ['airbyte-protocol-models'],
  async run(stage) {
    const { python } = await stage.environment('airbyte-protocol-models');
    const sandbox = await stage.account({ chats: 120, timeline: 40, hostile: unexpectedValues });
    const folder = await stage.folder();
    let input = '';
    const run = async (verb: string, files: Files, wanted: number = 0) => {
      const result = await runWithFiles([sourceProgram, verb], files, { folder, sandbox });
      equal(result.code, wanted, `${verb}: ${result.stderr}${result.stdout.slice(-2000)}`);
      input += result.stdout;
      return messagesOf(result.stdout);
    };
    const config = airbyteConfig(sandbox);
    const credentials = { ...config.credentials, access_token: 'wrong-token' };
    await run('spec', {});
    await run('check', { config });
    await run('check', { config: { ...config, credentials } });
    const catalog = configuredCatalog(discovered(await run('discover', { config })));
    const state = lastStates(await run('read', { config, catalog }));
    await run('read', { config, catalog, state });
    sandbox.faults.set([{ path: '=goals', fault: { kind: 'status', status: 400 } }]);
    await run('read', { config, catalog }, 1);
    const told = JSON.parse(await runWell(python, [validator], { input }));
    deepEqual(told.faults, [], 'lines that Airbyte does not accept');
    return `${told.lines} lines of spec, check, discover and three reads`;
  },
};
