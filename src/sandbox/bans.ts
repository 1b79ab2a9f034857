import type { JsonObject } from '../json.ts';
import { daySeconds, isoSeconds } from './instants.ts';
import type { BanCounts } from './options.ts';

/** The two arrays of `GET bans`. */
export type BanKind = 'ip_address' | 'visitor';

export interface Ban {
  readonly kind: BanKind;
  readonly item: JsonObject;
}

const firstBanId = 70_000_001;

/** Every so many bans one has a null `created_at`, and one has none at all (both are reported for old bans). */
const nullDateEvery = 7;
const noDateEvery = 11;

function banItem(kind: BanKind, place: number, nowSeconds: number): JsonObject {
  const id = firstBanId + place * 4;
  const own: JsonObject =
    kind === 'ip_address'
      ? { ip_address: `203.0.113.${place % 256}` }
      : {
          visitor_id: `1234567.ban${place}`,
          visitor_name: place % 5 === 0 ? null : `Visitor ${place}`,
        };
  const item: JsonObject = { id, type: kind, reason: place % 4 === 0 ? '' : 'spam 🚫', ...own };
  if (place % noDateEvery === noDateEvery - 1) return item;
  const created = isoSeconds(nowSeconds - (900 - (place % 800)) * daySeconds);
  item['created_at'] = place % nullDateEvery === nullDateEvery - 1 ? null : created;
  return item;
}

/** The order of the kinds along the ids. */
function kindsInOrder(counts: BanCounts): BanKind[] {
  const ips = Array.from({ length: counts.ip }, (): BanKind => 'ip_address');
  const visitors = Array.from({ length: counts.visitor }, (): BanKind => 'visitor');
  if (counts.layout === 'lopsided') return [...ips, ...visitors];
  const mixed: BanKind[] = [];
  while (ips.length + visitors.length > 0) {
    const next =
      mixed.length % 5 < 3 ? (ips.pop() ?? visitors.pop()) : (visitors.pop() ?? ips.pop());
    if (next !== undefined) mixed.push(next);
  }
  return mixed;
}

/** Bans in the order of their ids, which both arrays share. */
export function makeBans(counts: BanCounts, nowSeconds: number): Ban[] {
  return kindsInOrder(counts).map((kind, place) => ({
    kind,
    item: banItem(kind, place, nowSeconds),
  }));
}
