import { expect, test } from '@jest/globals';

import { asTapError, ConfigError, HttpError, TapError } from '../../src/errors.ts';

test('An error says whose turn it is, and concerns one stream and not the run unless it says so', () => {
  const error = new TapError('Something is odd. Report it.', { kind: 'system' });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'TapError', kind: 'system', endsRun: false });
  expect(error.stream).toBeUndefined();
});

test('An error of a config names the key, or none when the whole file is meant', () => {
  expect(new ConfigError('start_date is odd', 'start_date')).toMatchObject({
    name: 'ConfigError',
    kind: 'config',
    key: 'start_date',
  });
  expect(new ConfigError('no file').key).toBe('');
});

test('An error of a request tells what failed and where, and which status if there was one', () => {
  const options = { kind: 'transient', failure: 'status', path: '/api/v2/chat/chats' } as const;
  const error = new HttpError('answers 503', { ...options, status: 503, serverTimeMs: 7 });
  expect(error).toMatchObject({ name: 'HttpError', status: 503, serverTimeMs: 7, ...options });
  expect(new HttpError('nothing came', options).status).toBeUndefined();
});

test('An error the program knows passes through unchanged', () => {
  const error = new ConfigError('subdomain is missing', 'subdomain');
  expect(asTapError(error, 'anything')).toBe(error);
});

test('A foreign error is wrapped once and stays the cause', () => {
  const cause = new RangeError('Invalid string length');
  const error = asTapError(cause, 'a page could not be written');
  expect(error.message).toBe('a page could not be written: Invalid string length');
  expect(error).toMatchObject({ kind: 'system', cause });
});

test('Even what is no error at all becomes a sentence', () => {
  expect(asTapError('just text', 'this is a bug').message).toBe('this is a bug: just text');
});
