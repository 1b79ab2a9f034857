import { cyclicItem, hash32 } from './random.ts';

/** How the chats are distributed over time; `options.json` describes each one. */
export type Density = 'even' | 'uneven' | 'week' | 'silence' | 'growth' | 'bursts';

/** A part of the time range with a constant rate of chats. Both values may have a fraction. */
export interface Stretch {
  readonly seconds: number;
  readonly chats: number;
}

/** The time range and the number of chats in it. */
interface Load {
  readonly fromSeconds: number;
  readonly seconds: number;
  readonly chats: number;
  readonly seed: number;
}

/** A part of the time range with its rate relative to the other parts. */
interface Part {
  readonly seconds: number;
  readonly rate: number;
}

const hourSeconds = 3600;

/** `uneven`: the number of blocks with equal numbers of chats, and the length of sparse blocks relative to dense ones. */
const blocks = 40;
const sparseToDense = 50;

/** `week`: the rate from Monday to Friday, 8:00 to 18:00 UTC, relative to the rate at other times. */
const workToRest = 20;

/** `growth`: the rate at the end relative to the rate at the start, and the number of steps. */
const growthFactor = 20;
const growthSteps = 200;

/** `bursts`: the share of chats in bursts, and the number of chats in a burst of one hour. */
const burstShare = 0.4;
const chatsPerBurst = 2000;

/** Distributes the chats over the parts. */
function distribute(parts: readonly Part[], chats: number): Stretch[] {
  const sum = parts.reduce((total, { seconds, rate }) => total + seconds * rate, 0);
  return parts.map(({ seconds, rate }) => ({ seconds, chats: (chats * seconds * rate) / sum }));
}

/** In each pair of blocks, one is dense. The seed determines which one. */
function unevenStretches({ seconds, chats, seed }: Load): Stretch[] {
  const unit = (2 * seconds) / (blocks * (1 + sparseToDense));
  return Array.from({ length: blocks }, (_unused, block) => {
    const isFirstDense = hash32(seed, Math.floor(block / 2)) % 2 === 0;
    const isDense = (block % 2 === 0) === isFirstDense;
    return { seconds: isDense ? unit : unit * sparseToDense, chats: chats / blocks };
  });
}

/** Monday to Friday, 8:00 to 18:00 UTC. */
function isWorkingHour(hourSince1970: number): boolean {
  const date = new Date(hourSince1970 * hourSeconds * 1000);
  const [day, hour] = [date.getUTCDay(), date.getUTCHours()];
  return day >= 1 && day <= 5 && hour >= 8 && hour < 18;
}

function weekParts({ fromSeconds, seconds }: Load): Part[] {
  const toSeconds = fromSeconds + seconds;
  const parts: Part[] = [];
  for (let at = fromSeconds; at < toSeconds;) {
    const hour = Math.floor(at / hourSeconds);
    const end = Math.min(toSeconds, (hour + 1) * hourSeconds);
    parts.push({ seconds: end - at, rate: isWorkingHour(hour) ? workToRest : 1 });
    at = end;
  }
  return parts;
}

/** The middle third is empty. */
function silenceParts({ seconds }: Load): Part[] {
  return [1, 0, 1].map((rate) => ({ seconds: seconds / 3, rate }));
}

function growthParts({ seconds }: Load): Part[] {
  return Array.from({ length: growthSteps }, (_unused, step) => ({
    seconds: seconds / growthSteps,
    rate: growthFactor ** (step / (growthSteps - 1)),
  }));
}

/** Bursts at equal intervals. The other chats are spread evenly between them. */
function burstStretches({ seconds, chats }: Load): Stretch[] {
  const count = Math.max(1, Math.round((chats * burstShare) / chatsPerBurst));
  const burst = {
    seconds: Math.min(hourSeconds, seconds / (2 * count)),
    chats: (chats * burstShare) / count,
  };
  const pause = {
    seconds: (seconds - count * burst.seconds) / (count + 1),
    chats: (chats * (1 - burstShare)) / (count + 1),
  };
  return [...Array.from({ length: count }, () => [pause, burst]).flat(), pause];
}

const stretchMakers: Readonly<Record<Density, (load: Load) => Stretch[]>> = {
  even: ({ seconds, chats }) => [{ seconds, chats }],
  uneven: unevenStretches,
  week: (load) => distribute(weekParts(load), load.chats),
  silence: (load) => distribute(silenceParts(load), load.chats),
  growth: (load) => distribute(growthParts(load), load.chats),
  bursts: burstStretches,
};

/**
 * The time of each position in the order of chats, in whole seconds since 1970.
 * @param places Ascending positions from 0, which may have a fraction: 1.5 is between the second and the third chat.
 */
export function timesOfPlaces(density: Density, load: Load, places: readonly number[]): number[] {
  const stretches = stretchMakers[density](load);
  let seconds = 0;
  let chats = 0;
  let current = 0;
  return places.map((place) => {
    let stretch = cyclicItem(stretches, current);
    while (place >= chats + stretch.chats && current + 1 < stretches.length) {
      seconds += stretch.seconds;
      chats += stretch.chats;
      current += 1;
      stretch = cyclicItem(stretches, current);
    }
    const gap = stretch.seconds / stretch.chats;
    return load.fromSeconds + Math.floor(seconds + (place - chats) * gap);
  });
}
