/** Files in the package. */
import { readFileSync } from 'node:fs';

/** Reads a text file. The path is relative to the root of the package. */
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
