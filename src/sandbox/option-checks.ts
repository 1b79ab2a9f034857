import { isJsonObject } from '../json.ts';
import type { FaultRule } from './fault-rules.ts';
import { faultKinds } from './fault-rules.ts';
import type { SandboxOptions } from './options.ts';
import { hostileKinds } from './options.ts';
import type { Switches } from './switches.ts';
import { exportNames, resourceNames } from './resources.ts';

/** What a value has to be, in words, and the test for it. */
interface Check {
  readonly words: string;
  readonly test: (value: unknown) => boolean;
}

const text: Check = { words: 'a text', test: (value) => typeof value === 'string' };
const yesNo: Check = { words: 'true or false', test: (value) => typeof value === 'boolean' };
const whole: Check = {
  words: 'a whole number, not negative',
  test: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
};
const number: Check = { words: 'a number', test: (value) => Number.isFinite(value) };
const instant: Check = {
  words: 'an instant such as 2024-01-31T00:00:00Z',
  test: (value) => Number.isFinite(typeof value === 'string' ? Date.parse(value) : value),
};
const textMap: Check = {
  words: 'an object of texts',
  test: (value) =>
    isJsonObject(value) && Object.values(value).every((member) => typeof member === 'string'),
};
const anything: Check = { words: 'anything', test: () => true };

function oneOf(...words: readonly string[]): Check {
  return { words: `one of ${words.join(', ')}`, test: (value) => words.includes(String(value)) };
}

function listOf(check: Check): Check {
  return {
    words: `a list, each item ${check.words}`,
    test: (value) => Array.isArray(value) && value.every((item) => check.test(item)),
  };
}

function either(...checks: readonly Check[]): Check {
  return {
    words: checks.map(({ words }) => words).join(', or '),
    test: (value) => checks.some((check) => check.test(value)),
  };
}

type Shape = Readonly<Record<string, Check>>;

function shaped(shape: Shape): Check {
  return {
    words: `an object of ${Object.keys(shape).join(', ')}`,
    test: (value) =>
      isJsonObject(value) &&
      Object.entries(value).every(([key, member]) => shape[key]?.test(member)),
  };
}

function orNull(check: Check): Check {
  return either(check, { words: 'null', test: (value) => value === null });
}

const everyNth = { every: whole, resource: oneOf(...exportNames) };
const envelopeKey = oneOf('end_time', 'end_id', 'next_page', 'count');
const emptyEnd = oneOf('echo', 'null', 'zero');

const switchShape = {
  startId: oneOf('exclusive', 'inclusive', 'ignored', 'lookup'),
  endIds: listOf(oneOf(...exportNames)),
  emptyPages: orNull(
    shaped({ ...everyNth, atItem: whole, times: whole, atStartTime: whole, endTime: emptyEnd }),
  ),
  emptyEnd,
  shortPages: orNull(shaped({ ...everyNth, size: whole })),
  maxPage: whole,
  overLimit: oneOf('refuse', 'clamp'),
  envelope: orNull(
    shaped({
      ...everyNth,
      omit: listOf(envelopeKey),
      nulls: listOf(envelopeKey),
      wrongUnit: yesNo,
    }),
  ),
  repeatPage: orNull(shaped(everyNth)),
  hidden: orNull(shaped({ resource: oneOf(...exportNames), after: whole, empty: yesNo })),
  timelineSort: oneOf('end', 'start'),
  deletedChats: oneOf('tombstone', 'gone'),
  minimumAgeSeconds: number,
  tooYoungStatus: whole,
  clockOffsetSeconds: number,
  bansLimit: oneOf('union', 'perArray'),
  bansMaxPage: whole,
  agentsLimitCeiling: whole,
  agentsMaxPage: whole,
  sinceId: oneOf('inclusive', 'exclusive', 'ignored', 'unpaged'),
  wholeWithoutParameters: yesNo,
  pagingHeaders: yesNo,
  routingAgentsShape: oneOf('array', 'data'),
  absent: shaped(
    Object.fromEntries([...resourceNames, 'agents/me', '*'].map((name) => [name, whole])),
  ),
  expiresIn: oneOf('present', 'absent', 'zero', 'text', 'huge'),
  refreshTokens: oneOf('single-use', 'kept'),
  oldAccessTokens: oneOf('kept', 'revoked'),
  tokenRefused: either(yesNo, listOf(oneOf(...resourceNames, 'agents/me'))),
} satisfies Record<keyof Switches, Check>;

const ruleShape = {
  path: text,
  query: textMap,
  limitAbove: whole,
  includes: text,
  nth: whole,
  every: whole,
  times: whole,
  fault: {
    words: `an object whose kind is one of ${faultKinds.join(', ')}`,
    test: (value) => isJsonObject(value) && faultKinds.some((kind) => kind === value['kind']),
  },
} satisfies Record<keyof FaultRule, Check>;

const optionShape = {
  port: whole,
  token: text,
  tokenLife: {
    words: 'a number above 0',
    test: (value) => number.test(value) && Number(value) > 0,
  },
  clients: listOf(
    shaped({
      id: text,
      secret: text,
      type: oneOf('confidential', 'public'),
      redirectUrls: listOf(text),
      isRevoked: yesNo,
    }),
  ),
  subdomain: text,
  seed: whole,
  now: instant,
  chats: whole,
  days: number,
  newestAgeSeconds: number,
  history: shaped({ min: whole, max: whole }),
  ties: listOf(shaped({ at: either(oneOf('start', 'middle', 'head'), whole), count: whole })),
  agents: whole,
  bans: shaped({ ip: whole, visitor: whole, layout: oneOf('interleaved', 'lopsided') }),
  timeline: whole,
  timelineTies: whole,
  conversions: whole,
  departmentEvents: whole,
  agentEvents: whole,
  hostile: either(yesNo, listOf(oneOf(...hostileKinds))),
  bigChatBytes: whole,
  latencyMs: number,
  rateLimit: whole,
  gzip: yesNo,
  gzipLevel: whole,
  prerender: yesNo,
  // These two have checks of their own, with messages that name the very member.
  switches: anything,
  faults: anything,
} satisfies Record<Exclude<keyof SandboxOptions, 'clock' | 'onRequest' | 'onAnswer'>, Check>;

function checkMembers(what: string, value: unknown, shape: Shape): void {
  if (!isJsonObject(value)) throw new Error(`${what} must be a JSON object.`);
  for (const [name, member] of Object.entries(value)) {
    const check = shape[name];
    if (check === undefined) {
      throw new Error(`${what}: ${name} is not known. Known are ${Object.keys(shape).join(', ')}.`);
    }
    if (!check.test(member)) throw new Error(`${what}: ${name} must be ${check.words}.`);
  }
}

/** Switches as they come from a file or over the wire. Raises an error that names the first wrong one. */
export function checkSwitches(value: unknown): asserts value is Partial<Switches> {
  checkMembers('switches', value, switchShape);
}

/** Fault rules as they come from a file or over the wire. Raises an error that names the first wrong member. */
export function checkFaultRules(value: unknown): asserts value is readonly FaultRule[] {
  if (!Array.isArray(value)) throw new Error('faults must be a list of rules.');
  for (const rule of value) {
    checkMembers('faults', rule, ruleShape);
    if (!isJsonObject(rule) || rule['fault'] === undefined) {
      throw new Error('faults: a rule needs a fault.');
    }
  }
}

/** Options as they come from a file. Raises an error that names the first wrong one. */
export function checkOptions(value: unknown): asserts value is SandboxOptions {
  checkMembers('options', value, optionShape);
  if (!isJsonObject(value)) return;
  if (value['switches'] !== undefined) checkSwitches(value['switches']);
  if (value['faults'] !== undefined) checkFaultRules(value['faults']);
}
