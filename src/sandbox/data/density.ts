import { cyclicItem, hash32 } from './random.ts';

/** How the chats are distributed over time; `options.json` describes each one. */
export type Density = 'even' | 'uneven' | 'week' | 'silence' | 'growth' | 'bursts';

/** A part of the time range in which chats come at one rate. Both are fractional. */
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

/** A part of the time range, and its rate in relation to the other parts. */
interface Part {
  readonly seconds: number;
  readonly rate: number;
}

const hourSeconds = 3600;

/** `uneven`: so many blocks with equally many chats. The sparse ones take so many times as long as the dense ones. */
const blocks = 40;
const sparseToDense = 50;

/** `week`: from Monday to Friday, 8 to 18 o'clock UTC, chats are so much more frequent than at other hours. */
const workToRest = 20;

/** `growth`: the rate at the end in relation to the rate at the start, in so many steps. */
const growthFactor = 20;
const growthSteps = 200;

/** `bursts`: this share of the chats comes in bursts of so many within an hour. */
const burstShare = 0.4;
const chatsPerBurst = 2000;

/** Distributes the chats over the parts. */
function distribute(parts: readonly Part[], chats: number): Stretch[] {
  const sum = parts.reduce((total, { seconds, rate }) => total + seconds * rate, 0);
  return parts.map(({ seconds, rate }) => ({ seconds, chats: (chats * seconds * rate) / sum }));
}

/** Of each two neighbouring blocks one is dense, chosen by the seed. */
function unevenStretches({ seconds, chats, seed }: Load): Stretch[] {
  const unit = (2 * seconds) / (blocks * (1 + sparseToDense));
  return Array.from({ length: blocks }, (_unused, block) => {
    const isFirstDense = hash32(seed, Math.floor(block / 2)) % 2 === 0;
    const isDense = (block % 2 === 0) === isFirstDense;
    return { seconds: isDense ? unit : unit * sparseToDense, chats: chats / blocks };
  });
}

/** Monday to Friday, 8 to 18 o'clock UTC. */
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

/** Bursts at equal distances, between which the other chats are spread evenly. */
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
 * The time of each place in the order of chats, in whole seconds since 1970.
 * @param places ascending, counted from 0, with a fraction: 1.5 is between the second chat and the third
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
