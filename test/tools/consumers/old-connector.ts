/** Programs of others as they install, the address of the API replaced in a copy. */
import { equal } from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runWell } from './programs.ts';
import type { Sandbox, Stage } from './stage.ts';

interface Original {
  /** Its environment. */
  readonly consumer: string;
  readonly package: string;
  /** The file in its package that names the address of the API, once. */
  readonly file: string;
  readonly address: string;
  /** Python that starts it. */
  readonly start: string;
}

/** @returns path of a command that starts the copy, in its own folder */
export async function installCopy(stage: Stage, original: Original, url: string): Promise<string> {
  const { consumer, package: name, file, address, start } = original;
  const { python } = await stage.environment(consumer);
  const folder = await stage.folder();
  const where = `import ${name}; print(${name}.__path__[0])`;
  const installed = (await runWell(python, ['-c', where])).trim();
  await cp(installed, join(folder, name), { recursive: true });
  const path = join(folder, name, file);
  const parts = (await readFile(path, 'utf8')).split(address);
  equal(parts.length, 2, `${file} of ${name} names the address once`);
  await writeFile(path, parts.join(url));
  const program = join(folder, `old-${name}`);
  const lines = `#!/bin/sh\nexport PYTHONPATH="${folder}"\nexec "${python}" -c '${start}' "$@"\n`;
  await writeFile(program, lines, { mode: 0o755 });
  return program;
}

/** Airbyte's own connector. */
export async function installConnector(stage: Stage, { url }: Sandbox): Promise<string> {
  const original = {
    consumer: 'airbyte-connector',
    package: 'source_zendesk_chat',
    file: 'manifest.yaml',
    address: "https://{{ config['subdomain'] }}.zendesk.com",
    start: 'from source_zendesk_chat.run import run; run()',
  };
  return installCopy(stage, original, url);
}
