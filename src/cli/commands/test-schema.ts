import { schemaLine } from '../../singer/writer.ts';
import { buildSelection } from '../../sync/build-sync.ts';
import type { CommandContext, SingerArguments } from '../arguments.ts';
import { print } from '../program.ts';
import { readInputFiles } from './input-files.ts';

/** `--test=schema`: prints the SCHEMA messages of the selected streams. */
export async function testSchema(run: CommandContext, args: SingerArguments): Promise<number> {
  const selected = buildSelection(await readInputFiles(run, args), run);
  await print(run.stdout, selected.map((stream) => schemaLine(stream)).join(''));
  return 0;
}
