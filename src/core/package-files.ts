/** Files that are shipped with the program. */
import { readFileSync } from 'node:fs';

/** The text of a file, by its path below the package's root. */
export function readPackageFile(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly engines: { readonly node: string };
}

export function readManifest(): Manifest {
  return JSON.parse(readPackageFile('package.json'));
}
