import { expect, test } from '@jest/globals';

import { didYouMean, similarNames } from '../../../src/core/suggestions.ts';

test('the most similar names come first, at most three, and none if no name is similar', () => {
  const known = ['chats', 'chat_messages', 'agents', 'agent_timeline', 'accounts', 'skills'];
  expect(similarNames('chat', known)).toEqual(['chats']);
  expect(similarNames('Agent-Timelines', known)).toEqual(['agent_timeline']);
  expect(similarNames('messages', known)).toEqual(['chat_messages']);
  expect(similarNames('colour', known)).toEqual([]);
  expect(didYouMean('agent', known)).toBe(' Did you mean agents?');
  expect(didYouMean('', known)).toBe('');
});

test('a name of more than 64 characters has no suggestions', () => {
  expect(similarNames('a'.repeat(64), ['a'.repeat(64)])).toHaveLength(1);
  expect(similarNames('a'.repeat(65), ['a'.repeat(65)])).toEqual([]);
});
