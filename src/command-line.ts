/** What both programs' command lines share: how yargs is set up, and how its texts are shown. */
import type { Argv } from 'yargs';

import { readManifest } from './shipped.ts';
import { createYargs } from './yargs.ts';

/** A parser that neither ends the process nor speaks another language than the rest of the program. */
export function createParser(name: string): Argv {
  return createYargs()
    .scriptName(name)
    .locale('en')
    .help('help', 'Show this text')
    .alias('help', 'h')
    .version('version', 'Show the version', `${name} ${readManifest().version}`)
    .exitProcess(false)
    .wrap(80);
}

/** What yargs adds to each option; it says nothing that the description does not. */
const typeMarks = /(?<!\s)\s*\[(?:string|boolean|default: false|choices: [^\]]*)\]/g;

/** A help text as it is shown. */
export function helpText(text: string): string {
  return text.replaceAll(typeMarks, '');
}

/** What `parseWith` needs of a parser of yargs, whose arguments `Parsed` are. */
interface Parser<Parsed> {
  parseAsync(
    argv: string[],
    context: object,
    callback: (error: unknown, args: unknown, output: string) => void,
  ): Promise<Parsed>;
}

/**
 * @returns the arguments, and the text that --help or --version asks for
 * @throws what the parser's `fail` throws
 */
export async function parseWith<Parsed>(
  parser: Parser<Parsed>,
  argv: readonly string[],
): Promise<{ args: Parsed; shown: string | undefined }> {
  let shown: string | undefined;
  const args = await parser.parseAsync([...argv], {}, (_error, _args, output) => {
    if (output !== '') shown = helpText(output);
  });
  return { args, shown };
}
