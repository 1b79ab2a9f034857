import schema from './options.json' with { type: 'json' };
import { schemaDefaults } from './schema-defaults.ts';
import type { Density } from '../data/density.ts';
import type { FaultRule } from '../faults/fault-rules.ts';
import type { OAuthClient } from '../oauth/provider.ts';
import type { LoggedRequest } from '../api/request-log.ts';
import type { Switches } from './switches.ts';

/** One rule of `hostile` values; see `hostile-chats.ts` for what each one holds. */
export const hostileKinds = [
  'nul',
  'surrogates',
  'dates',
  'types',
  'fractions',
  'unknown-fields',
  'webpath-arrays',
  'big-integer',
  'no-key',
  'big-chat',
] as const;
export type HostileKind = (typeof hostileKinds)[number];

/** How many keys a chat has. */
export type ChatSize = 'full' | 'small';

/** So many chats within one second. */
export interface ChatTie {
  readonly at: 'start' | 'middle' | 'head' | number;
  readonly count: number;
}

/** One request, as the hook `onRequest` sees it before it is answered. */
export type HookRequest = Pick<LoggedRequest, 'number' | 'path' | 'query'>;

export interface BanCounts {
  readonly ip: number;
  readonly visitor: number;
  readonly layout?: 'interleaved' | 'lopsided';
}

interface OptionsWithDefault {
  readonly port: number;
  readonly chats: number;
  readonly chatSize: ChatSize;
  readonly density: Density;
  readonly agents: number;
  readonly timeline: number;
  readonly days: number;
  readonly seed: number;
  readonly token: string;
  readonly subdomain: string;
  readonly latencyMs: number;
  /** `true`: all kinds but `big-chat`. */
  readonly hostile: boolean | readonly HostileKind[];
  readonly faults: readonly FaultRule[];
  readonly newestAgeSeconds: number;
  readonly history: { readonly min: number; readonly max: number };
  readonly ties: readonly ChatTie[];
  readonly bans: BanCounts;
  readonly timelineTies: number;
  readonly conversions: number;
  readonly departmentEvents: number;
  readonly agentEvents: number;
  readonly bigChatBytes: number;
  readonly gzip: boolean;
}

/**
 * What a sandbox holds and how it behaves. Everything may be left out; `options.json` says what each option
 * does, what it may be and what it is when it is left out.
 */
export interface SandboxOptions extends Partial<OptionsWithDefault> {
  /** ISO text or ms since 1970. If given, the server's clock starts there and ticks on. */
  readonly now?: string | number;
  readonly tokenLife?: number;
  readonly rateLimit?: number;
  readonly concurrency?: number;
  readonly clients?: readonly OAuthClient[];
  readonly switches?: Partial<Switches>;
  /** The server's clock in ms since 1970, for tests that need it to stand still. */
  readonly clock?: () => number;
  /** Called before each answer of the API; edits made here are in the answer. */
  readonly onRequest?: (request: HookRequest) => void | Promise<void>;
  /** Called when the sandbox is done with a request: it is answered, or the answer has stalled for good. */
  readonly onAnswer?: (request: LoggedRequest) => void;
}

/** The options, each with its default. */
export type ResolvedOptions = SandboxOptions & OptionsWithDefault;

const defaults: OptionsWithDefault = Object.fromEntries(schemaDefaults(schema.properties));

export function withDefaults(options: SandboxOptions): ResolvedOptions {
  return { ...defaults, ...options };
}
