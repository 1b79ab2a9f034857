const windowMs = 60_000;

/** Counts requests; says how many whole seconds one that comes too early has to wait, else undefined. */
export type RateLimiter = (nowMs: number) => number | undefined;

/** Allows so many requests in any 60 seconds. Those that are refused do not count. */
export function createRateLimiter(limit: number): RateLimiter {
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
