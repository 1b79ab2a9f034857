import schema from './options.json' with { type: 'json' };
import { schemaDefaults } from './schema-defaults.ts';
import type { Density } from '../data/density.ts';
import type { FaultRule } from '../faults/fault-rules.ts';
import type { OAuthClient } from '../oauth/provider.ts';
import type { LoggedRequest } from '../api/request-log.ts';
import type { Switches } from './switches.ts';

/** The kinds of `hostile` values, which `hostile-chats.ts` defines. */
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

/** The size of a chat. */
export type ChatSize = 'full' | 'small';

/** A number of chats within one second. */
export interface ChatTie {
  readonly at: 'start' | 'middle' | 'head' | number;
  readonly count: number;
}

/** The argument of the hook `onRequest`, which is called before the response. */
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
  /** `true` means all kinds except `big-chat`. */
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
 * The data and the behavior of a sandbox. All options are optional. `options.json` contains their descriptions,
 * accepted values and defaults.
 */
export interface SandboxOptions extends Partial<OptionsWithDefault> {
  /** ISO text or ms since 1970. The server's clock starts at this time. */
  readonly now?: string | number;
  readonly tokenLife?: number;
  readonly rateLimit?: number;
  readonly concurrency?: number;
  readonly clients?: readonly OAuthClient[];
  readonly switches?: Partial<Switches>;
  /** The server's clock in ms since 1970, for tests that control the time. */
  readonly clock?: () => number;
  /** Called before each response of the API. The response contains edits that are made here. */
  readonly onRequest?: (request: HookRequest) => void | Promise<void>;
  /** Called when the sandbox has finished a request, with a response or a fault. */
  readonly onAnswer?: (request: LoggedRequest) => void;
}

/** The options with their defaults. */
export type ResolvedOptions = SandboxOptions & OptionsWithDefault;

const defaults: OptionsWithDefault = Object.fromEntries(schemaDefaults(schema.properties));

export function withDefaults(options: SandboxOptions): ResolvedOptions {
  return { ...defaults, ...options };
}
