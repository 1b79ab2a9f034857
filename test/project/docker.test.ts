/** Dockerfile and metadata.yaml are valid for Airbyte and agree with the package and the streams. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import { streams } from '../../src/zendesk/streams.ts';
import { contextOf, entryPointOf, pairsOf, stagesOf, textsOf } from '../support/dockerfile.ts';
import { parseYaml } from './yaml.ts';

const root = new URL('../../', import.meta.url);
async function textOf(name: string): Promise<string> {
  return readFile(new URL(name, root), 'utf8');
}

const manifest = JSON.parse(await textOf('package.json'));
const stages = stagesOf(await textOf('Dockerfile'));
const [build = fail('a build stage'), image = fail('an image')] = stages;
const code = '/airbyte/integration_code/';

function fail(what: string): never {
  throw new Error(`the Dockerfile has not got ${what}`);
}

test('There are two stages, and what builds the package stays out of the image', () => {
  expect(stages).toHaveLength(2);
  expect(textsOf(image, 'COPY')).toEqual([
    `--from=${build.name} /airbyte/integration_code /airbyte/integration_code`,
  ]);
});

test('The base image has sh and coreutils, and the newest Node.js the package is tested with', () => {
  const [, major = '0'] = /^node:(\d+)-slim$/.exec(image.image) ?? [];
  expect(manifest.engines.node.endsWith(`>=${major}.0.0`)).toBe(true);
  expect(build.image).toBe(image.image);
});

test('It runs as the user airbyte, 1000, whose home is made', () => {
  expect(textsOf(image, 'USER')).toEqual(['1000:1000']);
  const [users = ''] = textsOf(image, 'RUN');
  expect(users).toContain('groupadd --gid 1000 airbyte');
  expect(users).toMatch(
    /useradd --uid 1000 --gid 1000 --create-home --home-dir \/airbyte\/home .*airbyte$/,
  );
});

test('The program is the same with and without a shell', () => {
  expect(pairsOf(image, 'ENV')['AIRBYTE_ENTRYPOINT']).toBe(entryPointOf(image).join(' '));
});

test('That program is one the package installs, by its absolute path', () => {
  const [node, flag, path = '', ...more] = entryPointOf(image);
  expect([node, flag, ...more]).toEqual(['node', '--max-semi-space-size=4']);
  expect(path.startsWith(code)).toBe(true);
  expect(path.slice(code.length)).toBe(manifest.bin['source-zendesk-chat']);
});

test('The labels say what the package says', () => {
  expect(pairsOf(image, 'LABEL')).toEqual({
    'io.airbyte.name': 'source-zendesk-chat',
    'io.airbyte.version': manifest.version,
    'org.opencontainers.image.title': 'source-zendesk-chat',
    'org.opencontainers.image.description': expect.stringContaining('Airbyte source'),
    'org.opencontainers.image.version': manifest.version,
    'org.opencontainers.image.licenses': manifest.license,
  });
});

test('Nothing but the entry point is put into the environment, least of all a larger heap', () => {
  expect(Object.keys(pairsOf(image, 'ENV'))).toEqual(['AIRBYTE_ENTRYPOINT']);
});

test('Dependencies are those of the lock file, and none of them runs a script', () => {
  const installs = stages
    .flatMap((stage) => textsOf(stage, 'RUN'))
    .flatMap((text) => text.split('&&'))
    .filter((command) => /\bnpm (?:ci|install|i)\b/.test(command));
  expect(installs.map((command) => command.trim())).toEqual([
    'npm ci --ignore-scripts --no-audit --no-fund',
    'npm ci --omit=dev --ignore-scripts --no-audit --no-fund',
  ]);
});

test('A build is given what the package is made of, and no more', async () => {
  const context = contextOf(await textOf('.dockerignore'));
  const made = new Set(['dist']);
  const packed = (manifest.files as readonly string[]).filter(
    (name) => !made.has(name) && !name.startsWith('!dist/'),
  );
  const always = ['LICENSE', 'README.md', 'package.json'];
  const needed = ['package-lock.json', 'src', 'tsconfig.json'];
  expect([...context].sort()).toEqual([...packed, ...always, ...needed].sort());
  expect(context.filter((name) => !existsSync(new URL(name, root)))).toEqual([]);
});

const metadata = parseYaml(await textOf('metadata.yaml')) as JsonObject;
const data = metadata['data'] as JsonObject;

/** ConnectorMetadataDefinitionV0 of Airbyte: a key it does not know makes the whole file invalid. */
const required = [
  'name',
  'definitionId',
  'connectorType',
  'dockerRepository',
  'dockerImageTag',
  'license',
  'documentationUrl',
  'githubIssueLabel',
  'connectorSubtype',
  'releaseStage',
];
const optional = [
  'icon',
  'allowedHosts',
  'maxSecondsBetweenMessages',
  'suggestedStreams',
  'supportLevel',
  'tags',
];

test('metadata.yaml has the keys it must have, and none that Airbyte does not know', () => {
  expect(Object.keys(metadata)).toEqual(['metadataSpecVersion', 'data']);
  expect(Object.keys(data).sort()).toEqual([...required, ...optional].sort());
});

test('Its id is one of our own, never that of the connector Airbyte publishes', () => {
  expect(data['definitionId']).toMatch(
    /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
  );
  expect(data['definitionId']).not.toBe('40d24d0f-b8f9-4fe0-9e6c-b06c0f3f45e4');
});

test('Version, licence and image are those of the package and of the Dockerfile', () => {
  expect(data).toMatchObject({
    dockerImageTag: manifest.version,
    dockerRepository: pairsOf(image, 'LABEL')['io.airbyte.name'],
    license: manifest.license,
  });
});

test('It may reach the account and nothing else, and may be silent for an hour', () => {
  const key = ['$', '{subdomain}'].join('');
  expect(data['allowedHosts']).toEqual({ hosts: [`${key}.zendesk.com`] });
  expect(data['maxSecondsBetweenMessages']).toBe(3600);
});

test('The streams it suggests exist and are read by default', () => {
  const { streams: suggested } = data['suggestedStreams'] as { streams: string[] };
  const offered = streams.filter(({ isDefault }) => isDefault).map(({ name }) => name);
  expect(offered).toEqual(expect.arrayContaining(suggested));
  expect(suggested).toContain('chats');
});
