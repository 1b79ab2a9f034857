import { fileURLToPath } from 'node:url';

import { catalog, type Step } from './fake-script.ts';
import { spawnSource, type SourceInput, type SourceRun } from './source-run.ts';

const program = fileURLToPath(new URL('./fake-source.js', import.meta.url));

/** In its config; with everything that looks different in an address, in JSON or in base64. */
export const secret = 'S3cret/with+odd="signs"&more';

/** Runs the fake source with a script, on the platform. */
export function play(
  script: readonly Step[],
  change: Partial<SourceInput> = {},
): Promise<SourceRun> {
  return spawnSource({
    entrypoint: [process.execPath, program],
    verb: 'read',
    config: { script, access_token: secret },
    catalog,
    ...change,
  });
}
