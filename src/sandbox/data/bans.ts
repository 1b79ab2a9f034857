import type { JsonObject } from '../../core/json.ts';
import { daySeconds, isoSeconds } from './time-formats.ts';
import type { BanCounts } from '../program/options.ts';

const firstBanId = 70_000_001;

/** How often a ban has a null `created_at` and how often it has none. Both are reported for old bans. */
const nullDateEvery = 7;
const noDateEvery = 11;

function banItem(isIp: boolean, place: number, nowSeconds: number): JsonObject {
  const own: JsonObject = isIp
    ? { ip_address: `203.0.113.${place % 256}` }
    : {
        visitor_id: `1234567.ban${place}`,
        visitor_name: place % 5 === 0 ? null : `Visitor ${place}`,
      };
  const item: JsonObject = {
    id: firstBanId + place * 4,
    type: isIp ? 'ip_address' : 'visitor',
    reason: place % 4 === 0 ? '' : 'spam 🚫',
    ...own,
  };
  if (place % noDateEvery === noDateEvery - 1) return item;
  const created = isoSeconds(nowSeconds - (900 - (place % 800)) * daySeconds);
  return { ...item, created_at: place % nullDateEvery === nullDateEvery - 1 ? null : created };
}

/** Bans in the order of their ids, which both arrays share. Three of every five are IP bans until none are left. */
export function makeBans({ ip, visitor, layout }: BanCounts, nowSeconds: number): JsonObject[] {
  let ips = ip;
  return Array.from({ length: ip + visitor }, (_unused, place) => {
    const isWanted = layout === 'lopsided' || place % 5 < 3;
    const isIp = ips > 0 && (isWanted || place - (ip - ips) >= visitor);
    if (isIp) ips -= 1;
    return banItem(isIp, place, nowSeconds);
  });
}
