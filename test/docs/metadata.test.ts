/** metadata.yaml is one Airbyte's tools accept, and says what the package, the image and the streams say. */
import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/json.ts';
import { streams } from '../../src/zendesk/streams.ts';
import { pairsOf, stagesOf } from '../helpers/dockerfile.ts';
import { parseYaml } from './yaml.ts';

const root = new URL('../../', import.meta.url);

async function textOf(name: string): Promise<string> {
  return readFile(new URL(name, root), 'utf8');
}

const manifest = JSON.parse(await textOf('package.json'));
const metadata = parseYaml(await textOf('metadata.yaml')) as JsonObject;
const data = metadata['data'] as JsonObject & Readonly<Record<'documentationUrl' | 'icon', string>>;

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

test('It has the keys it must have, and none that Airbyte does not know', () => {
  expect(Object.keys(metadata)).toEqual(['metadataSpecVersion', 'data']);
  expect(Object.keys(data).sort()).toEqual([...required, ...optional].sort());
});

test('Its words are those of the schema', () => {
  expect(metadata['metadataSpecVersion']).toBe('1.0');
  expect(data).toMatchObject({
    connectorType: 'source',
    connectorSubtype: 'api',
    releaseStage: 'alpha',
    supportLevel: 'community',
  });
  expect(new URL(data.documentationUrl).protocol).toBe('https:');
});

test('Its id is one of our own, never that of the connector Airbyte publishes', () => {
  expect(data['definitionId']).toMatch(
    /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
  );
  expect(data['definitionId']).not.toBe('40d24d0f-b8f9-4fe0-9e6c-b06c0f3f45e4');
});

test('Version, licence and image are those of the package and of the Dockerfile', async () => {
  const image = stagesOf(await textOf('Dockerfile')).at(-1);
  const labels = image === undefined ? {} : pairsOf(image, 'LABEL');
  expect(data).toMatchObject({ dockerImageTag: manifest.version, license: manifest.license });
  expect(labels).toMatchObject({
    'io.airbyte.name': data['dockerRepository'],
    'io.airbyte.version': data['dockerImageTag'],
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

test('The icon is a small drawing that loads nothing', async () => {
  const icon = await textOf(data.icon);
  expect(icon.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
  expect(icon.length).toBeLessThan(2000);
  expect(icon).not.toMatch(/<script|<image|<style|href|url\(/);
});
