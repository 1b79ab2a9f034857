/** The output of the first installation and the first test run. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { expect, test } from '@jest/globals';

interface LockedPackage {
  readonly engines?: { readonly node?: string };
  readonly hasInstallScript?: boolean;
  readonly deprecated?: string;
}

async function readJson(name: string) {
  return JSON.parse(await readFile(new URL(`../../${name}`, import.meta.url), 'utf8'));
}

const manifest = await readJson('package.json');
const lock = await readJson('package-lock.json');
const packages: readonly (readonly [string, LockedPackage])[] = Object.entries(lock.packages);
const semver: { satisfies(version: string, range: string): boolean } = createRequire(
  import.meta.url,
)('semver');

test.each(['20.19.0', '22.13.0', '24.0.0', '26.0.0'])(
  'npm warns of no package that does not support Node.js %s',
  (version) => {
    const unsupported = packages.filter(
      ([, { engines }]) => !semver.satisfies(version, engines?.node ?? '*'),
    );
    expect(unsupported.map(([path]) => path)).toEqual([]);
  },
);

test('npm warns of no deprecated package and of no install script', () => {
  expect(packages.filter(([, { deprecated }]) => deprecated !== undefined)).toEqual([]);
  const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const names = scripted.map(([path]) => path.replace(/^.*node_modules\//, ''));
  expect(Object.keys(manifest.allowScripts)).toEqual(names);
});

test('npm test says at its start how long it takes', () => {
  expect(manifest.scripts.pretest).toMatch(/^echo .* about \w+ minutes .*&& npm run .*setup$/);
});
