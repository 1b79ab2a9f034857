import type { FaultRule } from './fault-rules.ts';
import type { OAuthClient } from './oauth-provider.ts';
import type { LoggedRequest } from './request-log.ts';
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

/** So many chats within one second, beginning at a place in the order of update times. */
export interface ChatTie {
  /** `head` is the very end; a number is the place of the first one, counted from 0. */
  readonly at: 'start' | 'middle' | 'head' | number;
  readonly count: number;
}

/** One request, as the hook `onRequest` sees it before it is answered. */
export interface SeenRequest {
  /** Counted from 1 over all requests to the API. */
  readonly number: number;
  /** Without the query, for example `/api/v2/chat/incremental/chats`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

export interface BanCounts {
  readonly ip: number;
  readonly visitor: number;
  /** `interleaved` (default): ids of both arrays alternate. `lopsided`: every ip ban has a smaller id than any visitor ban. */
  readonly layout?: 'interleaved' | 'lopsided';
}

/** What a sandbox holds and how it behaves. Everything may be left out. */
export interface SandboxOptions {
  /** TCP port on 127.0.0.1. Default 0: any free one. */
  readonly port?: number;
  /** The access token of the ready config. */
  readonly token?: string;
  /** Seconds an access token lives; the ready config then holds all that a refresh needs. Default: ten hours, and for ever for `token`. */
  readonly tokenLife?: number;
  /** Default: `sandbox-client` with `sandbox-secret`, `sandbox-public` without a secret, and `revoked-client`. */
  readonly clients?: readonly OAuthClient[];
  readonly subdomain?: string;
  /** Same seed, same counts, same `now`: same bytes. Default 1. */
  readonly seed?: number;
  /** The instant the data lead up to, ISO text or ms since 1970. Default: now. If given, the server's clock starts there and ticks on. */
  readonly now?: string | number;
  /** The server's clock in ms since 1970, for tests that need it to stand still. */
  readonly clock?: () => number;
  /** Number of chats. Default 1,000. A million costs no more memory than ten. */
  readonly chats?: number;
  /** The chats, timespans and events are spread over so many days. Default 60. */
  readonly days?: number;
  /** Age of the newest chat, timespan and event. Default 600; below 300 they are younger than a request may ask for. */
  readonly newestAgeSeconds?: number;
  /** Entries in the history of a chat. Default 2 to 60, short ones far more often. */
  readonly history?: { readonly min: number; readonly max: number };
  readonly ties?: readonly ChatTie[];
  /** Default 12. */
  readonly agents?: number;
  /** Default 23 ip bans and 17 visitor bans. */
  readonly bans?: BanCounts;
  /** Timespans of agents. Default 500, among them always two of one agent within one second. */
  readonly timeline?: number;
  /** So many more timespans that start and end at the same microsecond, of different agents. Default 0. */
  readonly timelineTies?: number;
  /** Default 60. */
  readonly conversions?: number;
  /** Default 80. */
  readonly departmentEvents?: number;
  /** Default 300. */
  readonly agentEvents?: number;
  /** Values that a reader may not expect. `true`: all but `big-chat`. */
  readonly hostile?: boolean | readonly HostileKind[];
  /** Size of the one chat of `big-chat`. Default 30,000,000 bytes. */
  readonly bigChatBytes?: number;
  /** Each answer waits so long. Default 0. */
  readonly latencyMs?: number;
  /** Requests in any 60 seconds; one more is answered 429. Default: no limit. The real API: 200. */
  readonly rateLimit?: number;
  /** Compress for clients that accept gzip. Default true. */
  readonly gzip?: boolean;
  /** Default 1, the fastest. */
  readonly gzipLevel?: number;
  /** Keep every page once answered, so that a benchmark does not measure the sandbox. Default false. */
  readonly prerender?: boolean;
  readonly switches?: Partial<Switches>;
  readonly faults?: readonly FaultRule[];
  /** Called before each answer of the API; edits made here are in the answer. */
  readonly onRequest?: (request: SeenRequest) => void | Promise<void>;
  /** Called when the sandbox is done with a request: it is answered, or the answer has stalled for good. */
  readonly onAnswer?: (request: LoggedRequest) => void;
}
