import { TapError } from '../../core/errors.ts';
import { microsToInstant } from '../../core/instant.ts';
import type { ExportPosition, TimeUnit } from './bookmark.ts';

/** Where the walk stopped. */
interface StoppedWalk {
  readonly regularPosition: ExportPosition;
  readonly unit: TimeUnit;
}

/** The API returns an empty page at a position, and items after it. */
export function hiddenItemsError(walk: StoppedWalk): TapError {
  return new TapError(
    `the API hides records after ${describeRegularPosition(walk)}: it returns an empty page there, but records ` +
      'later; run again, and report this to Zendesk if it happens again',
    { kind: 'system' },
  );
}

/** The API does not return all items of one time. */
export function tooManyTiesError(walk: StoppedWalk): TapError {
  return new TapError(
    `the API has more records at one time (${describeRegularPosition(walk)}) than fit in a page, and does not return ` +
      'the rest of them; nothing after this time was read. Report this to Zendesk with this time',
    { kind: 'system' },
  );
}

function describeRegularPosition({ regularPosition, unit }: StoppedWalk): string {
  return `${microsToInstant(regularPosition.time * unit.micros)} (start_time ${regularPosition.time})`;
}
