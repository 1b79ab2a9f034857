const windowMs = 60_000;

/**
 * Allows `limit` requests in any 60 seconds. Rejected requests do not count.
 * @returns A function that returns undefined for an allowed request, or the number of seconds to wait.
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
