/** What can go wrong with one answer. Times in ms unless the name says otherwise. */
export type Fault =
  | StatusFault
  /** The connection is reset before anything is answered. */
  | { readonly kind: 'reset' }
  /** Half of the body, then a reset. */
  | { readonly kind: 'resetInBody' }
  /** Half of what content-length promises, then an orderly end of the connection. */
  | { readonly kind: 'cutBody' }
  /** An answer that is complete as HTTP, but whose gzip stream (or, uncompressed, JSON) is cut in half. */
  | { readonly kind: 'cutGzip' }
  /** Nothing more ever comes: no headers, or headers and half a body. */
  | { readonly kind: 'stall'; readonly where: 'headers' | 'body' }
  /** 200 without a body. */
  | { readonly kind: 'emptyBody' }
  /** 200 with a web page. */
  | { readonly kind: 'html' }
  /** 200 with JSON that ends too early. */
  | { readonly kind: 'brokenJson' }
  /** 200 with valid JSON of another shape; default `{"unexpected":true}`. */
  | { readonly kind: 'wrongShape'; readonly body?: string }
  /** The right answer, with `next_page` on this origin, for example `https://elsewhere.test`. */
  | { readonly kind: 'foreignNextPage'; readonly origin: string }
  /** Default status 302. */
  | { readonly kind: 'redirect'; readonly location: string; readonly status?: number }
  /** The right answer in so many pieces (default 10), one every `everyMs`. */
  | { readonly kind: 'slow'; readonly everyMs: number; readonly pieces?: number };

export interface StatusFault {
  readonly kind: 'status';
  readonly status: number;
  /** Default `json`. */
  readonly body?: 'json' | 'html' | 'empty';
  /** A number goes out as it is, `{inSeconds}` as an HTTP date, a text as it is. Default: no header. */
  readonly retryAfter?: number | string | { readonly inSeconds: number };
}

/** The names of all faults, for whoever has to check one. */
export const faultKinds: readonly Fault['kind'][] = [
  'status',
  'reset',
  'resetInBody',
  'cutBody',
  'cutGzip',
  'stall',
  'emptyBody',
  'html',
  'brokenJson',
  'wrongShape',
  'foreignNextPage',
  'redirect',
  'slow',
];

/** A fault and the requests it meets. A rule without conditions meets every request. */
export interface FaultRule {
  /** Part of the path, for example `incremental/chats`; with a leading `=` the whole of it after `/api/v2/chat/`. */
  readonly path?: string;
  /** These values must be in the query, as text. */
  readonly query?: Readonly<Record<string, string>>;
  /** Only requests whose `limit` is larger than this. */
  readonly limitAbove?: number;
  /** Only requests whose answer would hold the item with this id. */
  readonly includes?: string;
  /** Only the n-th of the requests that all the above is true for, counted from 1. */
  readonly nth?: number;
  /** Only each n-th of them. */
  readonly every?: number;
  /** At most so many times. */
  readonly times?: number;
  readonly fault: Fault;
}

/** What rules look at. */
export interface FaultySubject {
  /** Without `/api/v2/chat/`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The ids in the answer; worked out only if a rule asks for them. */
  ids(): ReadonlySet<string>;
}

export interface FaultBook {
  /** Adds rules behind those there are; the first that meets a request wins. */
  add(...rules: readonly FaultRule[]): void;
  /** Replaces all rules, with fresh counters. */
  set(rules: readonly FaultRule[]): void;
  clear(): void;
  /** The fault for this request, if any; counts it. */
  meet(subject: FaultySubject): Fault | undefined;
}

function matches(rule: FaultRule, subject: FaultySubject): boolean {
  const { path = '', query = {}, limitAbove, includes } = rule;
  const fits = path.startsWith('=') ? subject.path === path.slice(1) : subject.path.includes(path);
  if (!fits) return false;
  if (Object.entries(query).some(([name, value]) => subject.query[name] !== value)) return false;
  if (limitAbove !== undefined && !(Number(subject.query['limit'] ?? 0) > limitAbove)) return false;
  return includes === undefined || subject.ids().has(includes);
}

/** A rule with the memory of what it has met and how often it was the one. */
function createCounted(rule: FaultRule) {
  const { nth, every, times = Infinity } = rule;
  let met = 0;
  let fired = 0;
  return {
    /** Counts the request if it matches; does the rule want it? */
    wants(subject: FaultySubject): boolean {
      if (!matches(rule, subject)) return false;
      met += 1;
      if (nth !== undefined && met !== nth) return false;
      if (every !== undefined && met % every !== 0) return false;
      return fired < times;
    },
    fire(): Fault {
      fired += 1;
      return rule.fault;
    },
  };
}

/** Starts a book with these rules. */
export function createFaultBook(rules: readonly FaultRule[] = []): FaultBook {
  let counted = rules.map((rule) => createCounted(rule));
  return {
    add(...more) {
      counted = [...counted, ...more.map((rule) => createCounted(rule))];
    },
    set(others) {
      counted = others.map((rule) => createCounted(rule));
    },
    clear() {
      counted = [];
    },
    meet(subject) {
      // Every rule counts every request it matches, also when an earlier rule wins.
      const wanting = counted.filter((rule) => rule.wants(subject));
      return wanting.at(0)?.fire();
    },
  };
}
