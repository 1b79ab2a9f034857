import { describeProgram } from '../../sync/discover-streams.ts';
import type { CommandContext, SingerArguments } from '../arguments.ts';
import { print } from '../program.ts';
import { aboutJson, aboutText } from '../program-description.ts';

/** `--about`: prints the description of the program. */
export async function about(run: CommandContext, { format }: SingerArguments): Promise<number> {
  const program = describeProgram();
  const json = `${JSON.stringify(aboutJson(program), null, 2)}\n`;
  await print(run.stdout, format === 'json' ? json : aboutText(program, format));
  return 0;
}
