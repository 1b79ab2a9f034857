import process from 'node:process';

import { parseCommandLine, type Flag, type ParsedFlags } from '../../cli/parser.ts';
import { systemClock } from '../../core/clock.ts';
import { asFatalError, ConfigError, failureExitCode, TapError } from '../../core/errors.ts';
import { parseJson } from '../../core/input-file.ts';
import { createLogger, type Logger } from '../../core/logger.ts';
import { didYouMean } from '../../core/suggestions.ts';
import schema from './options.json' with { type: 'json' };
import { runDemo } from './demo.ts';
import { acceptedLists, adviceFor } from './accepted-values.ts';
import { checkOptions } from './check-options.ts';
import { serve, type Terminal } from './serve.ts';

const program = 'zendesk-chat-sandbox';

const usage = `$0 [serve] [OPTION ...]
$0 demo [--chats N] [--output FOLDER] [--login]

A local Zendesk Chat API with made-up, reproducible data.
serve answers requests until Ctrl-C; demo is the whole story: discover, sync,
edit, sync again.`;

const examples = `Examples:
  a thousand chats on a free port
    zendesk-chat-sandbox
  a hundred thousand chats
    zendesk-chat-sandbox --chats 100000 --port 8765
  about as slow as the real one
    zendesk-chat-sandbox --rate-limit 200 --latency 150
  a server that knows no start_id
    zendesk-chat-sandbox --switches '{"startId":"ignored"}'

While it runs: POST /sandbox/edit, /late, /add, /delete, /faults, /switches,
/expire, /revoke; GET /sandbox/requests, /sandbox/dump/<resource>.

${acceptedLists}

What each of them does: dist/sandbox/program/options.json.

Exit codes: 0 after Ctrl-C, 2 for a wrong option or an unusable file or port,
1 for any other failure.`;

/** An option in the schema. Options without `flag` can only be set in a file. */
interface Property {
  readonly description: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly flag?: string;
  readonly takes?: string;
}

/** The description of a flag's value, by the type of the option. */
const valueByType: Readonly<Record<string, string>> = {
  integer: 'a number',
  number: 'a number',
  object: 'JSON',
  array: 'JSON',
};

function flagOf(property: Property): Flag {
  const { description, default: value, enum: choices } = property;
  const takes = property.takes ?? choices?.join(', ') ?? valueByType[String(property.type)];
  const isShown = choices !== undefined || (typeof value === 'number' && value > 0);
  const describe = isShown ? `${description} [default: ${String(value)}]` : description;
  return { describe, ...(takes !== undefined && { takes }), ...(choices && { choices }) };
}

const properties: Readonly<Record<string, Property>> = schema.properties;

/** The options with a flag, by the name of the flag. */
const optionsByFlag = new Map(
  Object.entries(properties).flatMap(([name, property]) =>
    property.flag === undefined ? [] : [[property.flag, { name, ...flagOf(property) }] as const],
  ),
);

const flags: Readonly<Record<string, Flag>> = {
  ...Object.fromEntries(optionsByFlag),
  options: {
    takes: 'a file name',
    isFile: true,
    describe: 'JSON file with any of these and more',
  },
  'write-config': {
    takes: 'a file name',
    isFile: true,
    describe: 'file to write the ready config to',
  },
  output: {
    takes: 'the name of a folder',
    isFile: true,
    describe: 'folder for what the tap of the demo writes [default: demo-output]',
  },
  login: { describe: 'demo: get the token in the browser, by tap-zendesk-chat login' },
};

type Command = (terminal: Terminal) => Promise<number>;

const flagsOfDemo: ReadonlySet<string> = new Set(['chats', 'output', 'login']);

function valueOf(flag: string, { takes }: Flag, text: string): unknown {
  if (takes === undefined) return true;
  if (takes === valueByType['object']) return jsonOf(flag, text);
  return takes === valueByType['number'] ? Number(text) : text;
}

function jsonOf(flag: string, text: string): unknown {
  try {
    return parseJson(text, `--${flag}`);
  } catch (error) {
    throw new ConfigError(`${asFatalError(error).message}${adviceFor(flag)}`);
  }
}

function interpret({ flags: given, positionals }: ParsedFlags<string>): Command {
  const [command = 'serve'] = positionals;
  const isDemo = command === 'demo';
  if (!isDemo && command !== 'serve')
    throw new ConfigError(
      `the command is serve (the default) or demo, not another word.${didYouMean(command, ['serve', 'demo'])}`,
    );
  const names = Object.keys(flags).filter((name) => Object.hasOwn(given, name));
  const unsupported = names.find((name) => isDemo !== flagsOfDemo.has(name) && name !== 'chats');
  if (unsupported !== undefined) throw new ConfigError(`${command} takes no --${unsupported}`);
  const options: Record<string, unknown> = {};
  for (const [flag, { name, ...taken }] of optionsByFlag) {
    const [text] = given[flag] ?? [];
    if (text !== undefined) options[name] = valueOf(flag, taken, text);
  }
  const files = {
    options: given['options']?.[0],
    config: given['write-config']?.[0],
  };
  if (!isDemo) return (terminal) => serve(options, files, terminal);
  const output = given['output']?.[0] ?? 'demo-output';
  return async (terminal) => {
    const { chats = 3000 } = await checkOptions(options);
    return runDemo({ chats, output, isLogin: 'login' in given }, terminal);
  };
}

const stoppedError = new TapError('stopped by a signal: run the command again', {
  kind: 'transient',
});

/** Errors look like those of the tap. */
function loggerFor({ stderr }: Terminal): Logger {
  return createLogger({
    write: (line) => stderr.write(line),
    format: 'text',
    level: 'info',
    now: systemClock.now,
    name: program,
    pid: process.pid,
    hasTimestamps: stderr.isTTY !== true,
  });
}

/** Resolves with the exit code; for `serve`, after the terminal's signal was aborted. Never exits the process. */
export async function runSandboxProgram(
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    const line = { program, usage, flags, epilogue: examples, maxPositionals: 1, interpret };
    const command = await parseCommandLine(line, argv);
    if (typeof command !== 'string') return await command(terminal);
    terminal.stdout.write(`${command}\n`);
    return 0;
  } catch (error) {
    const fatal = terminal.signal.aborted ? stoppedError : asFatalError(error);
    loggerFor(terminal).critical(fatal.message, { error });
    return failureExitCode([fatal]);
  }
}
