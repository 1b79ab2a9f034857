import dns from 'node:dns';

type Callback = (error: Error | null, addresses?: readonly object[]) => void;

/**
 * Replaces the lookup of host names in this process during `work`.
 *
 * @param answers one for each lookup, the last one for all later ones: true, the name is this machine's; else the
 * error's code
 */
export async function withLookup<T>(
  answers: readonly (true | 'ENOTFOUND' | 'EAI_AGAIN')[],
  work: (names: readonly string[]) => Promise<T>,
): Promise<T> {
  const { lookup } = dns;
  const names: string[] = [];
  const fakeLookup = (name: string, _options: object, done: Callback): void => {
    const answer = answers[Math.min(names.length, answers.length - 1)];
    names.push(name);
    const error = Object.assign(new Error(`getaddrinfo ${answer} ${name}`), { code: answer });
    process.nextTick(() => {
      if (answer === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
      else done(error);
    });
  };
  Object.assign(dns, { lookup: fakeLookup });
  try {
    return await work(names);
  } finally {
    Object.assign(dns, { lookup });
  }
}
