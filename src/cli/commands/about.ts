import { describeProgram } from '../../sync/discover-streams.ts';
import type { CommandContext, SingerArguments } from '../arguments.ts';
import { print } from '../program.ts';
import { aboutJson, aboutText } from '../program-description.ts';

/** `--about`: prints what the program is and takes. */
export async function about(
  { stdout }: CommandContext,
  { format }: SingerArguments,
): Promise<number> {
  const program = describeProgram();
  const isJson = format === 'json';
  const text = isJson
    ? `${JSON.stringify(aboutJson(program), null, 2)}\n`
    : aboutText(program, format);
  await print(stdout, text);
  return 0;
}
