/** Airbyte's own connector as it installs, its origin replaced in a copy. */
import { equal } from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runWell } from './programs.ts';
import type { Sandbox, Stage } from './stage.ts';

/** @returns path of a command that starts it */
export async function installConnector(stage: Stage, sandbox: Sandbox): Promise<string> {
  const { python } = await stage.environment('airbyte-connector');
  const folder = await stage.folder();
  const where = 'import source_zendesk_chat; print(source_zendesk_chat.__path__[0])';
  const installed = (await runWell(python, ['-c', where])).trim();
  await cp(installed, join(folder, 'source_zendesk_chat'), { recursive: true });
  const manifest = join(folder, 'source_zendesk_chat', 'manifest.yaml');
  const text = await readFile(manifest, 'utf8');
  const parts = text.split("https://{{ config['subdomain'] }}.zendesk.com");
  equal(parts.length, 2, 'their manifest names the origin once');
  await writeFile(manifest, parts.join(sandbox.url));
  const program = join(folder, 'old-connector');
  const start = `exec "${python}" -c 'from source_zendesk_chat.run import run; run()' "$@"`;
  const lines = `#!/bin/sh\nexport PYTHONPATH="${folder}"\n${start}\n`;
  await writeFile(program, lines, { mode: 0o755 });
  return program;
}
