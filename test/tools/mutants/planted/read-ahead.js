/** Reading ahead: the page that is used, the positions of guesses, and the rest at the end. */
import { testsOf } from '../mutant.js';

const anchor = 'src/zendesk/export/read-ahead/anchor.ts';
const planner = 'src/zendesk/export/read-ahead/planner.ts';
const layer = 'src/zendesk/export/read-ahead/read-ahead.ts';

/** @param {string} kind */
const readAhead = (kind) => testsOf('unit/zendesk/export/model', `read ahead, ${kind} `);
const mixedUp = testsOf('unit/zendesk/export/model', 'read ahead from a server that mixes up');

const takenFor = testsOf(
  'unit/zendesk/export/read-ahead/planner',
  'an early page is only used for a position',
);

const edge = testsOf(
  'unit/zendesk/export/read-ahead/planner',
  'after a short page nothing is guessed',
);

/** @type {readonly import('../mutant.js').Mutant[]} */
export const readAheadMutants = [
  {
    name: 'an early page is used without the anchor',
    file: anchor,
    search: 'if (index < 0) return undefined;',
    replacement: 'if (index < 0) return items;',
    killers: mixedUp,
  },
  {
    name: 'an early page is cut by time',
    file: anchor,
    search: 'items.findIndex((item) => spec.identify(item) === anchor.identity);',
    replacement:
      'items.findIndex((item) => (timeToMicros(item[spec.replicationKey]) ?? 0) >= anchor.time * spec.unit.micros);',
    killers: readAhead('agent_timeline'),
  },
  {
    name: 'an early page that starts after the position is used',
    file: planner,
    search: 'if (!this.#isAnchored || flight.request.time > question.time) return false;',
    replacement: 'if (!this.#isAnchored) return false;',
    killers: [...readAhead('chats'), ...takenFor],
  },
  {
    name: 'an early page that ends at the position is used',
    file: planner,
    search: 'return end > question.time || flight.request.time === question.time;',
    replacement: 'return true;',
    killers: takenFor,
  },
  {
    name: 'a guess is after the head',
    file: planner,
    search: 'const isNearHead = place > head - headPart * this.#spanAt(place);',
    replacement: 'const isNearHead = place < headPart;',
    killers: readAhead('chats'),
  },
  {
    name: 'a guess that failed is sent again',
    file: planner,
    search: 'if (isBehindEdge || isNearHead || this.#failedAt.has(place)) return;',
    replacement: 'if (isBehindEdge || isNearHead) return;',
    killers: readAhead('chats'),
  },
  {
    name: 'guesses do not stop at the end of the data',
    file: planner,
    search: 'const isBehindEdge = place >= Math.min(this.#sizes.edge, this.#refusedFrom);',
    replacement: 'const isBehindEdge = place >= this.#refusedFrom;',
    killers: [...edge, ...readAhead('agent_timeline')],
  },
  {
    name: 'own responses are not checked while others are in flight',
    file: layer,
    search: 'if (!this.#hasSentEarly || response.items.length === 0) return false;',
    replacement: 'if (response.items.length >= 0) return false;',
    killers: mixedUp,
  },
  {
    name: 'early pages are kept at the end',
    file: planner,
    search: 'this.#inventory.waste(() => true);',
    replacement: '',
    killers: readAhead('chats'),
  },
  {
    name: 'early requests continue at the end',
    file: planner,
    search: 'this.#question = undefined;\n    this.#inventory.cancel(this.#inventory.flights);',
    replacement: 'this.#question = undefined;',
    killers: readAhead('chats'),
  },
  {
    name: 'the identity of the anchor is taken after the item was changed',
    file: anchor,
    search: 'return end && last && { time: end.time, identity: spec.identify(last) };',
    replacement:
      'return end && last && { time: end.time, get identity() { return spec.identify(last); } };',
    killers: readAhead('agent_timeline'),
  },
];
