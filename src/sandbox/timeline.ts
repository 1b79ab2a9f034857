import type { JsonObject } from '../json.ts';
import type { Series } from './export-store.ts';
import { isoMicros, secondUs } from './instants.ts';
import type { Agent } from './people.ts';
import type { NonEmpty } from './random.ts';
import { fraction, mix } from './random.ts';

export interface TimelineOptions {
  readonly rows: number;
  /** Rows on top of that which share one start and one end. */
  readonly ties: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly seed: number;
  readonly agents: NonEmpty<Agent>;
  readonly sort: 'end' | 'start';
}

/** One timespan. */
interface Span {
  readonly agentId: number;
  readonly startUs: number;
  readonly endUs: number;
}

const statuses: NonEmpty<string> = ['online', 'away', 'invisible', 'online', 'offline'];

/** Agents of tied spans have ids of their own: one agent cannot be in two spans at once. */
const firstTiedAgentId = 390_000_000_001;
const tiedLengthUs = 61_000_123;

/** Two spans of the first agent lie within one second: the first ends after this, the second begins there. */
const shortSpanUs = 251_003;

/**
 * Each agent's spans follow each other without a gap: every block of time holds one change of status per agent, at a
 * moment that depends on nothing but block and agent.
 */
function regularSpans(options: TimelineOptions, count: number): Span[] {
  const { agents, seed } = options;
  const blocks = Math.ceil(count / agents.length);
  const blockUs = (options.toUs - options.fromUs) / (blocks + 1);
  const changeUs = (block: number, place: number): number =>
    options.fromUs + Math.floor((block + fraction(mix(seed, place + 7), block)) * blockUs);
  return Array.from({ length: count }, (_unused, row) => {
    const block = Math.floor(row / agents.length);
    const place = row % agents.length;
    const agentId = agents[place]?.id ?? agents[0].id;
    return { agentId, startUs: changeUs(block, place), endUs: changeUs(block + 1, place) };
  });
}

/** Two spans of one agent within one second, and spans that tie at the microsecond. */
function specialSpans(options: TimelineOptions): Span[] {
  const { fromUs, toUs, agents } = options;
  const second = Math.floor((fromUs + toUs) / 2 / secondUs) * secondUs;
  const agentId = agents[0].id;
  const pair = [
    { agentId, startUs: second + 321, endUs: second + shortSpanUs },
    { agentId, startUs: second + shortSpanUs, endUs: second + 2 * shortSpanUs },
  ].slice(0, Math.min(2, options.rows));
  const tiedStartUs = second + 5 * secondUs + 444;
  const tied = Array.from({ length: options.ties }, (_unused, place) => ({
    agentId: firstTiedAgentId + place,
    startUs: tiedStartUs,
    endUs: tiedStartUs + tiedLengthUs,
  }));
  return [...pair, ...tied];
}

function spanItem(span: Span): JsonObject {
  const pick = mix(Math.floor(span.startUs / secondUs), span.agentId);
  return {
    agent_id: span.agentId,
    status: statuses[pick % statuses.length] ?? statuses[0],
    engagement_count: pick % 4,
    duration: (span.endUs - span.startUs) / secondUs,
    start_time: isoMicros(span.startUs),
  };
}

function idOf({ agentId, startUs }: Span): string {
  return `${agentId}|${startUs}`;
}

/**
 * Timespans during which an agent's status and number of chats stayed the same. They have no id of their own; agent and
 * start tell them apart.
 */
export function timelineSeries(options: TimelineOptions): Series {
  const special = specialSpans(options);
  const regular = regularSpans(options, Math.max(0, options.rows - special.length + options.ties));
  const timeOf = (span: Span): number => (options.sort === 'end' ? span.endUs : span.startUs);
  const spans = [...regular, ...special].sort(
    (left, right) => timeOf(left) - timeOf(right) || (idOf(left) < idOf(right) ? -1 : 1),
  );
  const spanAt = (index: number): Span => {
    const span = spans[index];
    if (span === undefined) throw new RangeError(`There is no timespan ${index}.`);
    return span;
  };
  let places: Map<string, number> | undefined;
  return {
    length: spans.length,
    timeAt: (index) => timeOf(spanAt(index)),
    idAt: (index) => idOf(spanAt(index)),
    itemAt: (index) => spanItem(spanAt(index)),
    indexOf(id) {
      places ??= new Map(spans.map((span, index) => [idOf(span), index]));
      return places.get(id);
    },
  };
}
