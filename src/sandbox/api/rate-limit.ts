const windowMs = 60_000;

/**
 * Allows so many requests in any 60 seconds; those that are refused do not count.
 * @returns how many whole seconds a request that comes too early has to wait, else undefined
 */
export function createRateLimiter(limit: number): (nowMs: number) => number | undefined {
  const starts: number[] = [];
  return (nowMs) => {
    while (starts[0] !== undefined && starts[0] <= nowMs - windowMs) starts.shift();
    const oldest = starts[0];
    if (starts.length < limit || oldest === undefined) {
      starts.push(nowMs);
      return undefined;
    }
    return Math.max(1, Math.ceil((oldest + windowMs - nowMs) / 1000));
  };
}
