import { expect, test } from '@jest/globals';

import { didYouMean, similarNames } from '../../../src/core/suggestions.ts';

test('the nearest known name comes first, at most three, and none for a name without likeness', () => {
  const known = ['chats', 'chat_messages', 'agents', 'agent_timeline', 'accounts', 'skills'];
  expect(similarNames('chat', known)).toEqual(['chats']);
  expect(similarNames('Agent-Timelines', known)).toEqual(['agent_timeline']);
  expect(similarNames('messages', known)).toEqual(['chat_messages']);
  expect(similarNames('colour', known)).toEqual([]);
  expect(didYouMean('agent', known)).toBe(' Did you mean agents?');
  expect(didYouMean('', known)).toBe('');
});

test('a name of more than 64 characters is compared with none', () => {
  expect(similarNames('a'.repeat(64), ['a'.repeat(64)])).toHaveLength(1);
  expect(similarNames('a'.repeat(65), ['a'.repeat(65)])).toEqual([]);
});
