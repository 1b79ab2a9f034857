import { test } from '@jest/globals';

import { asTapError, ConfigError } from '../../../src/core/errors.ts';
import { expect } from '../../support/readable.ts';

test('A TapError is returned unchanged', () => {
  const error = new ConfigError('subdomain is missing', 'subdomain');
  expect(asTapError(error, 'anything')).toBe(error);
});

test('Another error is wrapped once and becomes the cause', () => {
  const cause = new RangeError('Invalid string length');
  const error = asTapError(cause, 'a page could not be written');
  expect(error.message).toBe('a page could not be written: Invalid string length');
  expect(error).toMatchObject({ kind: 'system', cause });
});

test('A thrown value that is not an Error becomes a sentence', () => {
  expect(asTapError('just text', 'this is a bug').message).toBe('this is a bug: just text');
});
