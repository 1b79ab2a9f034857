import { expect as jestExpect } from '@jest/globals';

import { withoutMarks } from '../../src/core/foreign-text.ts';

/** Messages as a reader of the log sees them: in errors, lists and objects, too. */
function readable(value: unknown): unknown {
  if (typeof value === 'string') return withoutMarks(value);
  if (typeof value === 'function')
    return '_isMockFunction' in value ? value : readableFunction((...args) => value(...args));
  if (value instanceof Promise) return value.then(readable, rethrow);
  if (value instanceof Error) {
    value.message = withoutMarks(value.message);
    return value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const isList = Array.isArray(value);
  if (!isList && Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, readable(inner)] as const);
  // Return the same object if it has no marks, because tests may compare identities.
  if (entries.every(([key, inner]) => Object.is(inner, Reflect.get(value, key)))) return value;
  return isList ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

function readableFunction(work: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  return (...args) => {
    try {
      return work(...args);
    } catch (error) {
      return rethrow(error);
    }
  };
}

function rethrow(error: unknown): never {
  throw readable(error);
}

/** Jest's, for tests of what makes messages: it does not see the marks around text from outside. */
export const expect: typeof jestExpect = Object.assign(
  // oxlint-disable-next-line jest/valid-expect -- the caller calls a matcher
  (actual: unknown) => jestExpect(readable(actual)),
  jestExpect,
);
