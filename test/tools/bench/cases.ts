/**
 * The measured cases, as data. Limits: `wallMs` and `cpuMs` are of the measured part or of the whole
 * process, `rssMib` is its largest resident size, `pageMs` the time from one page's request to the next.
 */
import { omittedColumns, type ShapeName } from './pages.ts';

export type Metric = 'wallMs' | 'cpuMs' | 'rssMib' | 'pageMs';

export interface Variant {
  readonly name: string;
  /**
   * `file`: from pages in files, in a process that measures itself once it is warm. `http`: a whole
   * process, from start to end. `start`: a whole process that reads nothing. `bare`: one that does nothing.
   */
  readonly kind: 'file' | 'http' | 'start' | 'bare';
  /** The program that converts pages to lines. */
  readonly program?: 'floor' | 'floor-default' | 'singer' | 'airbyte';
  /** Of an account read over HTTP. */
  readonly pages?: number;
  readonly latencyMs?: number;
  /** Of a slow reader. */
  readonly bytesPerSecond?: number;
  /** Over HTTP only `omittedColumns`. */
  readonly deselected?: readonly string[];
  /** The command to start. */
  readonly argv?: readonly string[];
}

/** The figure of a variant, held against a number. */
export interface Limit {
  readonly variant: string;
  readonly metric: Metric;
  readonly form: 'ratio' | 'difference';
  /** Another variant of the same round, or a number. */
  readonly to: string | number;
  readonly most: number;
}

export interface Case {
  /** Stable id of the case. */
  readonly id: string;
  readonly name: string;
  readonly what: string;
  /** Also measured if it is not requested. */
  readonly isShort: boolean;
  readonly shape: ShapeName | undefined;
  readonly rounds: number;
  /** The one its table compares. */
  readonly metric: Metric;
  /** Number of pages that `pageMs` omits. */
  readonly warmPages?: number;
  /** The others are compared with the first one. */
  readonly variants: readonly Variant[];
  /** Two identical variants, which show the precision of the machine. */
  readonly pair?: readonly [string, string];
  readonly limits: readonly Limit[];
}

function ratio(variant: string, to: string, most: number): Limit {
  return { variant, metric: 'wallMs', form: 'ratio', to, most };
}

/** The same limit for both writers, whose figures differ by less than 10 %. */
function bothWriters(most: number) {
  return [
    ratio('singer', 'floor', most),
    ratio('airbyte', 'floor', most),
    ratio('airbyte', 'singer', 1.1),
  ];
}

const writers = ['singer', 'airbyte'] as const;
const pair = ['floor again', 'floor'] as const;

function fromFiles(
  about: Pick<Case, 'id' | 'name' | 'what' | 'shape'>,
  {
    most,
    isShort = false,
    deselected = [],
  }: { most: number; isShort?: boolean; deselected?: readonly string[] },
): Case {
  return {
    ...about,
    isShort,
    rounds: 7,
    metric: 'wallMs',
    pair,
    variants: [
      { name: 'floor', kind: 'file', program: 'floor' },
      { name: 'floor again', kind: 'file', program: 'floor' },
      { name: 'singer', kind: 'file', program: 'singer', deselected },
      { name: 'airbyte', kind: 'file', program: 'airbyte', deselected },
    ],
    limits: bothWriters(most),
  };
}

function overHttp(
  about: Pick<Case, 'id' | 'name' | 'what' | 'rounds'>,
  {
    pages,
    most,
    isShort = false,
    more = [],
  }: { pages: number; most: number; isShort?: boolean; more?: readonly Variant[] },
): Case {
  const http = 'http' as const;
  return {
    ...about,
    isShort,
    shape: '5k',
    metric: 'wallMs',
    pair,
    variants: [
      { name: 'floor', kind: http, program: 'floor', pages },
      { name: 'floor again', kind: http, program: 'floor', pages },
      { name: 'singer', kind: http, program: 'singer', pages },
      { name: 'airbyte', kind: http, program: 'airbyte', pages },
      ...more,
    ],
    limits: bothWriters(most),
  };
}

/** Only the latency of a response adds to the time of a page. */
function latency(): Case {
  const latencyMs = 200;
  const all = { kind: 'http' as const, pages: 12, latencyMs };
  return {
    id: 'B9',
    name: 'latency-200',
    what: '5k, answers take 200 ms',
    isShort: false,
    shape: '5k',
    rounds: 5,
    metric: 'pageMs',
    warmPages: 2,
    pair: ['singer again', 'singer'],
    variants: [
      { ...all, name: 'floor', program: 'floor' },
      { ...all, name: 'singer', program: 'singer' },
      { ...all, name: 'singer again', program: 'singer' },
      { ...all, name: 'airbyte', program: 'airbyte' },
    ],
    limits: writers.map((variant) => {
      return { variant, metric: 'pageMs', form: 'difference', to: latencyMs, most: 15 };
    }),
  };
}

/** Deselected fields are not downloaded. */
function fewerFields(): Case {
  const all = { kind: 'http' as const, program: 'singer' as const, pages: 20 };
  return {
    id: 'B13',
    name: 'fewer-fields',
    what: '20 pages of 5k over HTTP, history, session and webpath are not selected: CPU',
    isShort: false,
    shape: '5k',
    rounds: 5,
    metric: 'cpuMs',
    pair: ['all again', 'all'],
    variants: [
      { ...all, name: 'all' },
      { ...all, name: 'all again' },
      { ...all, name: 'fewer', deselected: omittedColumns },
    ],
    limits: [{ variant: 'fewer', metric: 'cpuMs', form: 'ratio', to: 'all', most: 0.5 }],
  };
}

/** A process that does nothing, to measure Node.js itself. */
const bare: Variant = { name: 'bare node', kind: 'bare' };

function overBareNode(variant: string): Limit {
  return { variant, metric: 'rssMib', form: 'difference', to: bare.name, most: 230 };
}

function slowReader(): Case {
  return {
    id: 'B10',
    name: 'slow-reader',
    what: '10k over HTTP, 20 pages, read at 20 MB/s: the largest resident size, and nothing is lost',
    isShort: false,
    shape: '10k',
    rounds: 3,
    metric: 'rssMib',
    variants: [
      bare,
      ...writers.map((program) => ({
        name: program,
        kind: 'http' as const,
        program,
        pages: 20,
        bytesPerSecond: 20_000_000,
      })),
    ],
    limits: writers.map((program) => overBareNode(program)),
  };
}

/** The size of an account costs time and nothing else. */
function manyPages(): Case {
  const sizes = [100, 1000, 5000];
  const variants: readonly Variant[] = writers.flatMap((program) =>
    sizes.map((pages) => ({ name: `${program} ${pages}`, kind: 'http', program, pages })),
  );
  const [first] = variants;
  return {
    id: 'pages',
    name: 'pages',
    what: '2k over HTTP: time of a page and largest resident size for 100, 1,000 and 5,000 pages',
    isShort: false,
    shape: '2k',
    rounds: 3,
    metric: 'pageMs',
    warmPages: 40,
    pair: ['singer 100 again', 'singer 100'],
    variants: [...variants, ...(first ? [{ ...first, name: 'singer 100 again' }] : [])],
    limits: writers.flatMap((program) =>
      [1000, 5000].flatMap((pages) =>
        (['pageMs', 'rssMib'] as const).map((metric) => ({
          variant: `${program} ${pages}`,
          metric,
          form: 'ratio' as const,
          to: `${program} 100`,
          most: 1.1,
        })),
      ),
    ),
  };
}

function starting(): Case {
  const tap = '../../../bin/tap-zendesk-chat.js';
  const kind = 'start' as const;
  const programs = [
    { name: 'tap --version', kind, argv: [tap, '--version'] },
    { name: 'tap --help', kind, argv: [tap, '--help'] },
    { name: 'tap --discover', kind, argv: [tap, '--discover'] },
    { name: 'source spec', kind, argv: ['../../../bin/source-zendesk-chat.js', 'spec'] },
  ];
  return {
    id: 'B11',
    name: 'start',
    what: 'whole processes against an empty module',
    isShort: true,
    shape: undefined,
    rounds: 15,
    metric: 'wallMs',
    pair: ['empty again', 'empty'],
    variants: [
      { name: 'empty', kind, argv: ['empty.js'] },
      { name: 'empty again', kind, argv: ['empty.js'] },
      ...programs,
    ],
    limits: programs.map(({ name }) => ratio(name, 'empty', 3)),
  };
}

const leaves = ['comment', 'visitor.email', 'session.ip', 'webpath.*.title', 'history.*.channel'];

export const cases: readonly Case[] = [
  fromFiles(
    { id: 'B1', name: 'encode-all', what: '5k from files to lines, all columns', shape: '5k' },
    { most: 1.15, isShort: true },
  ),
  fromFiles(
    { id: 'B2', name: 'encode-few', what: '5k, five leaves are not selected', shape: '5k' },
    { most: 1.15, deselected: leaves },
  ),
  fromFiles(
    { id: 'B3', name: 'encode-half', what: '5k, three subtrees are not selected', shape: '5k' },
    { most: 1.15, deselected: ['history', 'session', 'webpath'] },
  ),
  fromFiles(
    { id: 'B4', name: 'unicode', what: '5k in UTF-8, one word in 20 not ASCII', shape: 'utf5k' },
    { most: 1.15 },
  ),
  fromFiles(
    { id: 'B4', name: 'escapes', what: 'the same as Python prints it', shape: 'py5k' },
    { most: 1.15 },
  ),
  fromFiles(
    { id: 'B5', name: 'tiny', what: 'agents of 230 bytes', shape: 'tiny' },
    { most: 1.3, isShort: true },
  ),
  fromFiles(
    { id: 'B6', name: 'large', what: '20k from files to lines', shape: '20k' },
    { most: 1.15 },
  ),
  overHttp(
    { id: 'B8', name: 'http', what: '40 pages of 5k from gzip over HTTP', rounds: 7 },
    {
      pages: 40,
      most: 1.25,
      isShort: true,
      more: [{ name: 'slow gunzip', kind: 'http', program: 'floor-default', pages: 40 }],
    },
  ),
  latency(),
  fewerFields(),
  slowReader(),
  starting(),
  overHttp(
    { id: 'B12', name: 'cold-1', what: 'one page of 5k over HTTP', rounds: 15 },
    { pages: 1, most: 2 },
  ),
  overHttp(
    { id: 'B12', name: 'cold-10', what: '10 pages of 5k over HTTP', rounds: 7 },
    { pages: 10, most: 1.35 },
  ),
  manyPages(),
];
