/**
 * The real export over made-up accounts, in virtual time: thousands of accounts with `npm run lossless`, some in
 * `npm test`. A failing account is named by its seed; `SEED=17 npm run jest -- test/unit/zendesk/export/model`
 * repeats it.
 */
import { expect, test } from '@jest/globals';

import { chosen, isWhole, tellFigures } from '../../../no-loss/full-set.ts';
import { createCase, type ModelCase, type ModelKind } from '../../../support/export-model/case.ts';
import {
  checkAtRest,
  checkEdited,
  checkMixedUp,
  checkReadAhead,
  Findings,
} from '../../../support/export-model/checks.ts';

interface Block {
  readonly kind: ModelKind;
  readonly first: number;
  readonly last: number;
}

const kinds: readonly ModelKind[] = ['chats', 'edited chats', 'agent_timeline'];
const seedsInBlock = 10;

/** Reading ahead sends at most this multiple of the requests, also in small accounts, where many early ones are wasted. */
const mostRequests = 1.8;

/** Of each kind 1,000 accounts. */
const allBlocks = kinds.flatMap((kind) =>
  Array.from({ length: 100 }, (_, index): Block => {
    return { kind, first: index * seedsInBlock + 1, last: (index + 1) * seedsInBlock };
  }),
);

const { SEED: onlySeed } = process.env;
const blocks: readonly Block[] =
  onlySeed === undefined
    ? chosen(allBlocks, ({ first }) => first === 1)
    : kinds.map((kind) => ({ kind, first: Number(onlySeed), last: Number(onlySeed) }));

type Check = (model: ModelCase, findings: Findings) => Promise<unknown>;

async function expectNoProblems(
  title: string,
  block: Block,
  check: Check,
  tolerated = 0,
): Promise<void> {
  const { kind, first, last } = block;
  const findings = new Findings();
  for (let seed = first; seed <= last; seed += 1) {
    const model = createCase(kind, seed);
    findings.figures.accounts += 1;
    await check(model, findings).catch((error: unknown) => findings.add(seed, String(error)));
  }
  const { problems, figures } = findings;
  tellFigures({ title, ...block, ...figures });
  if (problems.length > tolerated) expect(problems).toEqual([]);
  const { aheadRequests, serialRequests } = figures;
  // One account alone may be such a small one.
  if (last > first) expect(aheadRequests).toBeLessThanOrEqual(mostRequests * serialRequests);
}

test.each(blocks)(
  'one request after another, $kind $first to $last: nothing is lost, and each STATE resumes',
  (block) => {
    const check: Check = block.kind === 'edited chats' ? checkEdited : checkAtRest;
    return expectNoProblems('serial', block, check);
  },
);

test.each(blocks)(
  'read ahead, $kind $first to $last: the same as one request after another, and each STATE resumes',
  (block) => expectNoProblems('read ahead', block, checkReadAhead),
);

test.each(blocks.filter(({ kind }) => kind === 'chats'))(
  'read ahead from a server that mixes up its answers, $kind $first to $last: nothing is lost in silence',
  // No reader can trust such a server: of 678 accounts three lost something silently, without the checks about 80.
  (block) => expectNoProblems('mixed up', block, checkMixedUp, isWhole ? 2 : 0),
);
