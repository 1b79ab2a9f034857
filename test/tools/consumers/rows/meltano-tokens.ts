/** Meltano makes a config for each run from `.env`, so that a refresh token there is used once: the next ones are in a token file. */
import { deepEqual, equal, match } from 'node:assert/strict';

import { inProject, takeFiles, tap } from '../meltano.ts';
import { checkTables } from '../stored.ts';
import type { Row, Sandbox } from '../stage.ts';
import type { Project } from '../meltano.ts';

const client = { id: 'meltano-client', secret: 'meltano-secret' };
/** Not given by the environment of the project: `.env` has it. */
const withoutToken = { TAP_ZENDESK_CHAT_ACCESS_TOKEN: undefined };

async function writeEnv({ shell }: Project, { provider }: Sandbox): Promise<void> {
  const { access_token, refresh_token } = provider.issue(client.id, true);
  await shell(`cat > .env <<'END'
TAP_ZENDESK_CHAT_CLIENT_ID=${client.id}
TAP_ZENDESK_CHAT_CLIENT_SECRET=${client.secret}
TAP_ZENDESK_CHAT_ACCESS_TOKEN=${access_token}
TAP_ZENDESK_CHAT_REFRESH_TOKEN=${refresh_token}
TAP_ZENDESK_CHAT_TOKEN_FILE=tokens.json
END`);
}

async function renewThrice(project: Project, sandbox: Sandbox): Promise<string> {
  await writeEnv(project, sandbox);
  let compared = '';
  for (const runs of [1, 2, 3]) {
    sandbox.provider.expire();
    const { stdout, stderr } = await project.well(
      ['run', '--full-refresh', tap, 'target-jsonl'],
      withoutToken,
    );
    match(`${stdout}${stderr}`, /the access token was renewed/);
    equal(/(?:access|refresh)-[\w-]{20}|meltano-secret/.test(`${stdout}${stderr}`), false);
    compared = await checkTables(await takeFiles(project), sandbox);
    const renewals = sandbox.requests.filter(({ path }) => path.endsWith('/token'));
    deepEqual(
      renewals.map(({ status }) => status),
      Array.from({ length: runs }, () => 200),
    );
  }
  equal(await project.shell('stat --format %a tokens.json'), '600\n');
  return `three runs from one .env, each with an expired token and a renewal; ${compared}`;
}

export const meltanoTokens: Row = {
  name: 'meltano 4.4.1, single-use refresh tokens',
  consumers: ['meltano', 'target-jsonl', 'target-postgres-meltanolabs'],
  run: (stage) => inProject(stage, { chats: 30, timeline: 10, clients: [client] }, renewThrice),
};
