/** Stream statuses: started, running, and one end, only for configured streams. */
import { streamOf, toldOf, type Expectation, type Told } from './expectation.ts';
import type { AirbyteMessage, StreamStatus } from './protocol.ts';

/** The statuses of a stream so far. */
interface Course {
  isStarted: boolean;
  isRunning: boolean;
  end: StreamStatus['status'] | undefined;
}

function isPlain({ reasons = [] }: StreamStatus): boolean {
  return reasons.length === 0;
}

/** Why this status must not follow the previous messages. Changes the course. */
function stepFaults(status: StreamStatus, course: Course): readonly string[] {
  const { isStarted, isRunning, end } = course;
  const isEnd = status.status === 'COMPLETE' || status.status === 'INCOMPLETE';
  if (end !== undefined) return [`comes behind ${end}`];
  if (isEnd) course.end = status.status;
  if (status.status === 'STARTED') course.isStarted = true;
  if (status.status === 'RUNNING' && isPlain(status)) course.isRunning = true;
  if (status.status === 'STARTED') return isStarted ? ['comes twice'] : [];
  if (status.status === 'INCOMPLETE' && !isStarted) return [];
  if (!isStarted) return ['comes before STARTED'];
  if (status.status === 'RUNNING') return isRunning && isPlain(status) ? ['comes twice'] : [];
  return isRunning ? [] : ['comes without RUNNING'];
}

/** Whether this message is only allowed between STARTED and the end. A state without records may precede it. */
function needsStart(message: AirbyteMessage): boolean {
  if (message.type === 'STATE') return (message.state.sourceStats?.recordCount ?? 0) > 0;
  return message.type === 'RECORD';
}

function placeFaults(message: AirbyteMessage, course: Course): readonly string[] {
  if (message.type !== 'RECORD' && message.type !== 'STATE') return [];
  if (course.end !== undefined) return [`comes behind ${course.end}`];
  return needsStart(message) && !course.isStarted ? ['comes before STARTED'] : [];
}

/** The statuses of a stream after all messages. */
export type Courses = ReadonlyMap<string, Readonly<Course>>;

/** Follows the statuses of a run, complete or truncated. */
export function followStatuses(
  told: readonly Told[],
  { catalog }: Expectation,
): { readonly courses: Courses; readonly faults: readonly string[] } {
  const courses = new Map<string, Course>(
    catalog.streams.map(({ stream }) => [
      stream.name,
      { isStarted: false, isRunning: false, end: undefined },
    ]),
  );
  const faults: string[] = [];
  for (const { line, message } of told) {
    const name = streamOf(message);
    const course = courses.get(name ?? '');
    const status = message.type === 'TRACE' ? message.trace.stream_status : undefined;
    if (status !== undefined) {
      const found =
        course === undefined ? ['is not of the configured catalog'] : stepFaults(status, course);
      faults.push(...found.map((fault) => `line ${line}: ${status.status} of ${name} ${fault}`));
    } else if (course !== undefined) {
      const found = placeFaults(message, course);
      faults.push(...found.map((fault) => `line ${line}: a ${message.type} of ${name} ${fault}`));
    }
  }
  return { courses, faults };
}

/** The faults of the final statuses of a run with this exit code. */
export function endFaults(
  told: readonly Told[],
  courses: Courses,
  code: number,
): readonly string[] {
  const all = [...courses];
  const errors = toldOf(told, 'TRACE').flatMap(({ message }) => message.trace.error ?? []);
  const blamed = new Set(errors.map((error) => error.stream_descriptor?.name));
  const open = all.filter(([, { isStarted, end }]) => isStarted && end === undefined);
  const incomplete = all.filter(([, { end }]) => end !== 'COMPLETE');
  const failed = all.filter(([, { isStarted, end }]) => isStarted && end === 'INCOMPLETE');
  const faults = [
    ...open.map(([name]) => `${name} has neither COMPLETE nor INCOMPLETE`),
    ...failed
      .filter(([name]) => !blamed.has(name))
      .map(([name]) => `${name} is INCOMPLETE, and no TRACE ERROR names it`),
  ];
  if (code === 0) {
    faults.push(
      ...incomplete.map(([name]) => `exit 0, though ${name} is not COMPLETE`),
      ...errors.map(({ message }) => `exit 0, though there is a TRACE ERROR: ${message}`),
    );
  } else {
    if (errors.length === 0) faults.push(`exit ${code} without a TRACE ERROR`);
    if (incomplete.length === 0) faults.push(`exit ${code}, though every stream is COMPLETE`);
  }
  return faults;
}
