/** Suggests known names for a misspelt one. */

/** Longer names get no suggestions, which keeps the comparison fast. */
const maxCompared = 64;

/** Whether the name is within an edit distance of two of a known name. */
export function isSimilar(name: string, known: readonly string[]): boolean {
  if (!/^[ -~]{0,64}$/.test(name)) return false;
  const given = normalized(name);
  return known.some((one) => editDistance(given, normalized(one)) <= Math.min(2, one.length / 2));
}

/** Up to three known names that an unknown name may stand for, best first. */
export function similarNames(name: string, known: readonly string[]): readonly string[] {
  if (name.length > maxCompared) return [];
  const given = normalized(name);
  /** A name that contains a known one, or is part of it, ranks below all misspellings. */
  const containsRank = maxCompared + 1;
  const rankOf = (word: string): number => {
    const distance = editDistance(given, word);
    if (distance <= Math.min(Math.max(2, word.length / 3), given.length / 2)) return distance;
    const isPart = given.length > 4 && (word.includes(given) || given.includes(word));
    return isPart ? containsRank : Number.POSITIVE_INFINITY;
  };
  return known
    .map((candidate) => ({ candidate, rank: rankOf(normalized(candidate)) }))
    .filter(({ rank }) => rank <= containsRank)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

export function didYouMean(name: string, known: readonly string[]): string {
  const [near] = similarNames(name, known);
  return near === undefined ? '' : ` Did you mean ${near}?`;
}

/** `Access-Token`, `accessToken` and `access_token` are equal. */
function normalized(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** The Levenshtein distance: the number of insertions, deletions and replacements between two words. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
