import vocabulary from './values/vocabulary.json' with { type: 'json' };

/** Invented people, places and sentences for chats. Addresses are from ranges reserved for tests. */
export type Vocabulary = typeof vocabulary;

/** All scripts. */
export const fullVocabulary: Vocabulary = vocabulary;

/** Whether its JSON text contains only Latin-1 characters, which take one byte each in memory. */
function isLatin(value: unknown): boolean {
  return !/[^ -ÿ]/.test(JSON.stringify(value));
}

/** The items with western scripts only, or the first item if there is none. */
export function latinOnly<T>(list: readonly T[]): T[] {
  const latin = list.filter(isLatin);
  return latin.length > 0 ? latin : list.slice(0, 1);
}

const latin = Object.entries(vocabulary).map(([name, list]) => [name, latinOnly<unknown>(list)]);

/** Western scripts only, as in most chats of most accounts. */
export const latinVocabulary: Vocabulary = Object.fromEntries(latin);
