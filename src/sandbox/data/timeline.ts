import type { JsonObject } from '../../core/json.ts';
import { isoMicros, secondUs } from './time-formats.ts';
import type { ResolvedOptions } from '../program/options.ts';
import type { DataOptions } from './agents.ts';
import { cyclicItem, hashFraction, hash32 } from './random.ts';
import type { StoredItem } from './item-store.ts';

interface Span {
  readonly agentId: number;
  readonly startUs: number;
  readonly endUs: number;
}

const statuses = ['online', 'away', 'invisible', 'online', 'offline'];

/** Tied spans have their own agents, because an agent cannot have two spans at the same time. */
const firstTiedAgentId = 390_000_000_001;
const tiedLengthUs = 61_000_123;

/** Two spans of the first agent are within one second. The first ends, and the second starts, after this time. */
const shortSpanUs = 251_003;

/**
 * The spans of each agent follow each other without gaps. Each agent changes status once per block of time, at a
 * moment that depends only on the block and the agent.
 */
function regularSpans({ agents, seed, range: [from, to] }: DataOptions, count: number): Span[] {
  const blocks = Math.ceil(count / agents.length);
  const blockUs = ((to - from) * secondUs) / (blocks + 1);
  const changeUs = (block: number, place: number): number =>
    from * secondUs + Math.floor((block + hashFraction(hash32(seed, place + 7), block)) * blockUs);
  return Array.from({ length: count }, (_unused, row) => {
    const block = Math.floor(row / agents.length);
    const place = row % agents.length;
    const { id: agentId } = cyclicItem(agents, place);
    return { agentId, startUs: changeUs(block, place), endUs: changeUs(block + 1, place) };
  });
}

/** Two spans of one agent within one second, and spans that start in the same microsecond. */
function specialSpans({ range: [from, to], agents }: DataOptions, rows: number, ties: number) {
  const middleUs = Math.floor((from + to) / 2) * secondUs;
  const agentId = cyclicItem(agents, 0).id;
  const pair = [
    { agentId, startUs: middleUs + 321, endUs: middleUs + shortSpanUs },
    { agentId, startUs: middleUs + shortSpanUs, endUs: middleUs + 2 * shortSpanUs },
  ].slice(0, rows);
  const tiedStartUs = middleUs + 5 * secondUs + 444;
  const tied = Array.from({ length: ties }, (_unused, place) => ({
    agentId: firstTiedAgentId + place,
    startUs: tiedStartUs,
    endUs: tiedStartUs + tiedLengthUs,
  }));
  return [...pair, ...tied];
}

function spanItem({ agentId, startUs, endUs }: Span): JsonObject {
  const choice = hash32(Math.floor(startUs / secondUs), agentId);
  return {
    agent_id: agentId,
    status: cyclicItem(statuses, choice),
    engagement_count: choice % 4,
    duration: (endUs - startUs) / secondUs,
    start_time: isoMicros(startUs),
  };
}

/**
 * Timespans in which an agent's status and number of chats did not change. They have no id; the agent and the start
 * identify them.
 */
export function timelineEntries(options: DataOptions, settings: ResolvedOptions): StoredItem[] {
  const { timeline, timelineTies, switches } = settings;
  const special = specialSpans(options, timeline, timelineTies);
  const regular = regularSpans(options, Math.max(0, timeline + timelineTies - special.length));
  return [...regular, ...special].map((span) => ({
    at: switches?.timelineSort === 'start' ? span.startUs : span.endUs,
    key: `${span.agentId}|${span.startUs}`,
    item: () => spanItem(span),
  }));
}
