/** The command-line parser of all programs. One definition of flags is used for parsing, --help and checks. */
import { createRequire } from 'node:module';

import type { Argv, Options, default as Yargs } from 'yargs';

import { ConfigError } from '../core/errors.ts';
import { readManifest } from '../core/package-files.ts';
import { characterCount } from '../core/quoting.ts';
import { didYouMean, similarNames } from '../core/suggestions.ts';

/** A flag. Without `takes`, it has no value. */
export interface Flag {
  readonly describe: string;
  readonly group?: string;
  /** Other names. A name of one letter has one dash. */
  readonly aliases?: readonly string[];
  /** Description of its value: `a file name`. */
  readonly takes?: string;
  readonly isFile?: boolean;
  readonly isOptional?: boolean;
  readonly choices?: readonly string[];
  readonly mayRepeat?: boolean;
}

export type Flags<Name extends string> = Readonly<Record<Name, Flag>>;

/** The parsed command line: all values of each flag in order; `''` for a missing optional value. */
export interface ParsedFlags<Name extends string> {
  readonly flags: Readonly<Partial<Record<Name, readonly string[]>>>;
  readonly positionals: readonly string[];
}

export interface CommandDefinition<Name extends string, Parsed> {
  readonly program: string;
  readonly usage: string;
  readonly epilogue?: string;
  readonly flags: Flags<Name>;
  readonly group?: string;
  readonly maxPositionals: number;
  /** Flags of other programs, such as `--full-refresh`, with a sentence about the alternative. */
  readonly hints?: Readonly<Record<string, string>>;
  /** First words that select another command line, such as `login`. */
  readonly commands?: readonly string[];
  /** Throws a ConfigError for an invalid combination. */
  readonly interpret: (parsed: ParsedFlags<Name>) => Parsed;
}

/** An invalid command line. */
export class UsageError extends ConfigError {}

/**
 * @returns The interpreted command line, or the text for --help or --version.
 * @throws UsageError with one sentence for the first error
 */
export async function parseCommandLine<Name extends string, Parsed>(
  line: CommandDefinition<Name, Parsed>,
  argv: readonly string[],
): Promise<Parsed | string> {
  const { program, group, interpret } = line;
  const instead = group === undefined ? {} : { group };
  const all: Flags<string> = {
    ...line.flags,
    help: { ...instead, aliases: ['h'], describe: 'Show this text' },
    version: { ...instead, describe: 'Show the version' },
  };
  const parser = createParser(line, all);
  const flagArguments = flagsIn(argv);
  if (flagArguments.includes('--help') || flagArguments.includes('-h'))
    return helpText(await parser.getHelp());
  if (flagArguments.includes('--version')) return `${program} ${readManifest().version}`;
  try {
    checkFlags(argv, all, line.hints);
    const parsed = collectFlags(parser.parseSync([...argv]), line.flags);
    const unexpected = parsed.positionals[line.maxPositionals];
    if (unexpected !== undefined) {
      const names = Object.keys(all).map((name) => `--${name}`);
      throw unknownArgument(unexpected, [...names, ...(line.commands ?? [])]);
    }
    return interpret(parsed);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(error.message, error.key);
  }
}

/**
 * A yargs parser that does not exit the process and always uses English.
 * Uses the CommonJS build of yargs 17, which is one file. The ES modules are twenty files and break lines inside words.
 * The entry is `yargs`, because Node.js 26 cannot load `yargs/yargs`, a file without an extension in an ES package.
 */
function createParser<Name extends string, Parsed>(
  { program, usage, epilogue = '' }: CommandDefinition<Name, Parsed>,
  flags: Flags<string>,
): Argv {
  const options = Object.entries(flags).map(([name, flag]) => [name, optionOf(flag)] as const);
  const yargs: typeof Yargs = createRequire(import.meta.url)('yargs');
  return yargs()
    .scriptName(program)
    .locale('en')
    .usage(usage)
    .help(false)
    .version(false)
    .options(Object.fromEntries(options))
    .epilogue(epilogue)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'populate--': false,
      'short-option-groups': false,
      'strip-aliased': true,
    })
    .exitProcess(false)
    .wrap(80);
}

function optionOf({ describe, group, aliases, takes, isOptional, choices }: Flag): Options {
  return {
    type: 'string',
    describe: isNaming(describe, choices)
      ? describe
      : `${describe} [choices: ${choices?.join(', ')}]`,
    ...(group !== undefined && { group }),
    ...(aliases !== undefined && { alias: aliases }),
    ...(isOptional !== true && { nargs: takes === undefined ? 0 : 1 }),
  };
}

/** Whether the description names all choices, so that they need no list. */
function isNaming(describe: string, choices: readonly string[] = []): boolean {
  return choices.every((choice) => describe.includes(choice));
}

/** Removes what yargs adds to each option, which repeats the description. */
function helpText(text: string): string {
  return text.replaceAll(/(?<!\s)\s*\[string\]/g, '');
}

/** All arguments before `--` that start with a dash. Values that start with a dash must follow `=`. */
function flagsIn(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).filter((word) => isFlag(word));
}

function isFlag(word: string | undefined): boolean {
  return word !== undefined && word.length > 1 && word.startsWith('-');
}

function checkFlags(argv: readonly string[], flags: Flags<string>, hints = {}): void {
  const spellings = new Map(
    Object.entries(flags).flatMap(([name, { aliases = [] }]) =>
      [name, ...aliases].map((one) => [one.length === 1 ? `-${one}` : `--${one}`, name] as const),
    ),
  );
  const seen = new Set<string>();
  const end = argv.indexOf('--');
  for (const [index, word] of argv.entries()) {
    if (index === end) return;
    if (!isFlag(word)) continue;
    const [spelling = ''] = word.split('=', 1);
    const name = spellings.get(spelling) ?? '';
    const flag = flags[name];
    if (flag === undefined) throw unknownFlag(spelling, [...spellings.keys()], hints);
    const value = word.length > spelling.length ? word.slice(spelling.length + 1) : undefined;
    const next = argv[index + 1];
    checkValue(spelling, flag, value ?? (isFlag(next) ? undefined : next), value !== undefined);
    if (seen.has(name) && flag.mayRepeat !== true)
      throw new ConfigError(`--${name} is given twice: use it once`);
    seen.add(name);
  }
}

/** @param value The value that the flag would take. */
function checkValue(
  spelling: string,
  { takes, isOptional, isFile, choices }: Flag,
  value: string | undefined,
  isAttached: boolean,
): void {
  if (takes === undefined) {
    if (isAttached) throw new ConfigError(`${spelling} takes no value: write ${spelling} alone`);
  } else if (value === undefined) {
    if (isOptional !== true) throw new ConfigError(`${spelling} needs a value: ${takes}`);
  } else if (value.trim() === '') {
    const cause = 'is a variable not set?';
    throw new ConfigError(`the value of ${spelling} is empty: give ${takes} (${cause})`);
  } else if (choices !== undefined && !choices.includes(value)) {
    const meant = didYouMean(value, choices);
    throw new ConfigError(`${spelling} takes ${takes}, not another value.${meant}`);
  } else if (isFile === true && isContent(value)) {
    const advice = 'save the content in a file and give the file name';
    throw new ConfigError(`${spelling} takes ${takes}, not the content of one: ${advice}`);
  }
}

/** Whether the value looks like the content of the file, which may contain secrets. */
function isContent(value: string): boolean {
  return /^\s*["'[{]/.test(value) || /[\r\n]/.test(value);
}

/** The error shows only the length of an unknown flag that may be a misplaced secret. */
function unknownFlag(
  spelling: string,
  known: readonly string[],
  hints: Readonly<Record<string, string>>,
): ConfigError {
  const isShown = /^--[a-z][a-z_-]{0,40}$/.test(spelling);
  const what = isShown ? `the flag ${spelling}` : `a flag of ${characterCount(spelling)}`;
  const long = known.filter((name) => name.startsWith('--'));
  const [near] = similarNames(spelling, [...long, ...Object.keys(hints)]);
  const hint = hints[near ?? ''];
  const advice = hint === undefined ? didYouMean(spelling, long) : ` ${hint}`;
  return new ConfigError(`${what} does not exist.${advice} --help shows all flags`);
}

/** A word that belongs to no flag. It can be a secret, so the error does not repeat it. */
function unknownArgument(word: string, known: readonly string[]): ConfigError {
  const meant = /^[a-z-]{1,20}$/i.test(word) ? didYouMean(word, known) : '';
  const what = `an argument of ${characterCount(word)}`;
  return new ConfigError(`${what} belongs to no flag.${meant} --help shows all flags`);
}

function collectFlags<Name extends string>(
  args: Readonly<Record<string, unknown>> & { readonly _: readonly unknown[] },
  flags: Flags<Name>,
): ParsedFlags<Name> {
  const parsed = Object.keys(flags).flatMap((name) => {
    const values = [args[name] ?? []].flat().map(String);
    return values.length > 0 ? [[name, values]] : [];
  });
  return { flags: Object.fromEntries(parsed), positionals: args._.map(String) };
}
