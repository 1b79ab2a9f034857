import schema from './options.json' with { type: 'json' };
import { schemaDefaults } from './schema-defaults.ts';
import type { ExportName, Resource } from '../data/resources.ts';

/** The responses of the exports that a rule applies to. */
export interface EveryNth {
  readonly every?: number;
  readonly resource?: ExportName;
}

/** The `end_time` of an empty page: null, the requested start_time, or 0. */
type EmptyEnd = 'echo' | 'null' | 'zero';

export interface EmptyPages extends EveryNth {
  readonly atItem?: number;
  readonly times?: number;
  readonly endTime?: EmptyEnd;
}

/** Changes of the keys of an envelope. */
export type EnvelopeKey = 'end_time' | 'end_id' | 'next_page' | 'count';

export interface EnvelopeChange extends EveryNth {
  readonly omit?: readonly EnvelopeKey[];
  readonly nulls?: readonly EnvelopeKey[];
  readonly wrongUnit?: boolean;
}

export interface HiddenRecords {
  readonly resource: ExportName;
  readonly after: number;
  readonly empty?: boolean;
}

/**
 * Switches for undocumented behavior of the real API, and for some known defects. `options.json` contains their
 * descriptions and defaults.
 */
export interface Switches {
  readonly startId: 'exclusive' | 'inclusive' | 'ignored' | 'lookup';
  readonly endIds: readonly ExportName[];
  readonly fieldLists: 'accepted' | 'refused';
  readonly emptyPages: EmptyPages | null;
  readonly emptyEnd: EmptyEnd;
  readonly shortPages: (EveryNth & { readonly size: number }) | null;
  readonly maxPage: number;
  readonly envelope: EnvelopeChange | null;
  readonly repeatPage: EveryNth | null;
  readonly hidden: HiddenRecords | null;
  readonly timelineSort: 'end' | 'start';
  readonly deletedChats: 'tombstone' | 'gone';
  readonly minimumAgeSeconds: number;
  readonly clockOffsetSeconds: number;
  readonly bansLimit: 'union' | 'perArray';
  readonly bansMaxPage: number;
  readonly agentsLimitCeiling: number;
  readonly agentsMaxPage: number;
  readonly sinceId: 'inclusive' | 'exclusive' | 'ignored' | 'unpaged';
  readonly absent: Readonly<Partial<Record<Resource | 'agents/me' | '*', number>>>;
  readonly expiresIn: 'present' | 'absent' | 'zero' | 'text' | 'huge';
  readonly refreshTokens: 'single-use' | 'kept';
  readonly oldAccessTokens: 'kept' | 'revoked';
  readonly tokenRefused: boolean | readonly (Resource | 'agents/me')[];
}

const { properties } = schema.properties.switches;
export const defaultSwitches: Switches = Object.fromEntries(schemaDefaults(properties));
