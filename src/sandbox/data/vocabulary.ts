import vocabulary from './values/vocabulary.json' with { type: 'json' };

/** The made-up people, places and sentences that one chat is made of. Addresses are of the reserved test kinds. */
export type Vocabulary = typeof vocabulary;

/** Every script there is. */
export const fullVocabulary: Vocabulary = vocabulary;

/** Does its JSON text need no more than one byte per character in memory? */
function isLatin(value: unknown): boolean {
  return !/[^ -ÿ]/.test(JSON.stringify(value));
}

/** The items that a western chat may use; the first if there is none. */
export function latinOnly<T>(list: readonly T[]): T[] {
  const latin = list.filter(isLatin);
  return latin.length > 0 ? latin : list.slice(0, 1);
}

const latin = Object.entries(vocabulary).map(([name, list]) => [name, latinOnly<unknown>(list)]);

/** Western scripts only, which is what most chats of most accounts are made of. */
export const latinVocabulary: Vocabulary = Object.fromEntries(latin);
