import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import { Ajv } from 'ajv';

import { aboutJson, aboutText } from '../../../src/cli/program-description.ts';
import { describeProgram } from '../../../src/sync/discover-streams.ts';

const program = describeProgram();

test('--about --format=json has what tools look for', () => {
  const url = new URL('../../data/about.schema.json', import.meta.url);
  const validate = new Ajv({ allErrors: true }).compile(JSON.parse(readFileSync(url, 'utf8')));
  validate(JSON.parse(JSON.stringify(aboutJson(program))));
  expect(validate.errors).toBeNull();
});

test('as text and as Markdown the description names every setting and every stream', () => {
  for (const format of ['text', 'markdown'] as const) {
    const text = aboutText(program, format);
    for (const word of [
      'subdomain',
      'lookback_minutes',
      'chats',
      'agent_timeline',
      'structured-logging',
    ])
      expect(text).toContain(word);
    expect(text).not.toContain('chat_search_interval_days');
  }
});
