/** The kinds of faults with their parameters, which `options.json` describes. Times are in ms. */
interface FaultKinds {
  readonly status: {
    readonly status: number;
    readonly body?: 'json' | 'html' | 'empty';
    readonly retryAfter?: number | string | { readonly inSeconds: number };
  };
  readonly reset: object;
  readonly resetInBody: object;
  readonly cutBody: object;
  readonly cutGzip: object;
  readonly stall: { readonly where: 'headers' | 'body' };
  readonly emptyBody: object;
  readonly html: object;
  readonly brokenJson: object;
  readonly wrongShape: { readonly body?: string };
  readonly foreignNextPage: { readonly origin: string };
  readonly redirect: { readonly location: string; readonly status?: number };
  readonly slow: { readonly everyMs: number; readonly pieces?: number };
}

export type FaultKind = keyof FaultKinds;

export type FaultOf<Kind extends FaultKind> = {
  [One in Kind]: { readonly kind: One } & FaultKinds[One];
}[Kind];

export type Fault = FaultOf<FaultKind>;

/** A fault and the conditions under which it occurs. A rule without conditions applies to every request. */
export interface FaultRule {
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** In the export's unit of time; both bounds are inclusive. */
  readonly startTime?: { readonly min?: number; readonly max?: number };
  readonly limitAbove?: number;
  readonly includes?: string;
  readonly nth?: number;
  readonly every?: number;
  readonly times?: number;
  readonly fault: Fault;
}

export interface FaultTarget {
  /** Without `/api/v2/chat/`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The ids in the response. Called only if a rule needs them. */
  ids(): readonly string[];
}

/** Returns false for a request without a start_time. */
function isInRange({ min = 0, max = Infinity }: { min?: number; max?: number }, text?: string) {
  const startTime = Number(text ?? NaN);
  return startTime >= min && startTime <= max;
}

function matches(rule: FaultRule, target: FaultTarget): boolean {
  const { path = '', query = {}, startTime, limitAbove, includes } = rule;
  const fits = path.startsWith('=') ? target.path === path.slice(1) : target.path.includes(path);
  if (!fits) return false;
  if (Object.entries(query).some(([name, value]) => target.query[name] !== value)) return false;
  if (startTime !== undefined && !isInRange(startTime, target.query['start_time'])) return false;
  if (limitAbove !== undefined && !(Number(target.query['limit'] ?? 0) > limitAbove)) return false;
  return includes === undefined || target.ids().includes(includes);
}

/** A rule with the number of requests that it matched and the number of faults that it caused. */
interface CountedRule {
  readonly rule: FaultRule;
  matched: number;
  applied: number;
}

/** Whether the rule applies to the request. Counts the request if the rule matches it. */
function applies(counted: CountedRule, target: FaultTarget): boolean {
  const { nth, every, times = Infinity } = counted.rule;
  if (!matches(counted.rule, target)) return false;
  counted.matched += 1;
  if (nth !== undefined && counted.matched !== nth) return false;
  if (every !== undefined && counted.matched % every !== 0) return false;
  return counted.applied < times;
}

/** Holds the rules. The first rule that applies to a request takes precedence. */
export class FaultInjector {
  #rules: CountedRule[] = [];

  constructor(rules: readonly FaultRule[]) {
    this.set(rules);
  }

  /** Appends rules. */
  add(...rules: readonly FaultRule[]): void {
    this.#rules.push(...rules.map((rule) => ({ rule, matched: 0, applied: 0 })));
  }

  /** Replaces all rules. Their counters start at 0. */
  set(rules: readonly FaultRule[]): void {
    this.clear();
    this.add(...rules);
  }

  clear(): void {
    this.#rules = [];
  }

  /** Returns the fault for this request, if any, and counts the request. */
  faultFor(target: FaultTarget): Fault | undefined {
    // Every rule counts every request that it matches, even if an earlier rule applies.
    const applicable = this.#rules.filter((counted) => applies(counted, target));
    const first = applicable.at(0);
    if (first !== undefined) first.applied += 1;
    return first?.rule.fault;
  }
}
