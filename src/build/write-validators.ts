/** Compiles the schemas with ajv when the program is built, so that no run has to load a compiler. */
import { mkdir, writeFile } from 'node:fs/promises';

import { _, Ajv, type Options } from 'ajv';
import { _Code as Code } from 'ajv/dist/compile/codegen/code.js';
import standalone from 'ajv/dist/standalone/index.js';

import { readConfigSchema } from '../config/config.ts';
import { discoverStreams } from '../sync/discover-streams.ts';
import sandboxSchema from '../sandbox/program/options.json' with { type: 'json' };

/**
 * Has it the one form of an instant in a record? By its length and separators: that it is a real day was
 * seen to when it was made, and this is asked about every instant again. Its text goes into the modules.
 */
function isInstant(text: string): boolean {
  const { length } = text;
  return (
    (length === 20 || (length > 21 && length < 31)) &&
    text[4] === '-' &&
    text[7] === '-' &&
    text[10] === 'T' &&
    text[13] === ':' &&
    text[16] === ':' &&
    text[length - 1] === 'Z' &&
    (length === 20 || text[19] === '.')
  );
}

const code = { source: true, esm: true } as const;

export const streamAjvOptions: Options = {
  strict: true,
  formats: { 'date-time': isInstant },
  code: { ...code, formats: _`{ 'date-time': ${new Code(String(isInstant))} }` },
};

/** How the schema of the config is compiled: all errors are reported at once, and its instants are parsed later. */
const configAjvOptions: Options = {
  allErrors: true,
  useDefaults: true,
  formats: { 'date-time': true },
  code,
};

/** How the schema of the sandbox's options is compiled. Its flags are for the command line. */
const sandboxAjvOptions: Options = {
  verbose: true,
  allowUnionTypes: true,
  keywords: ['flag', 'takes'],
  code,
};

function validatorModule(schema: object, options: Options): string {
  const ajv = new Ajv(options);
  const text = standalone.default(ajv, ajv.compile(schema));
  // A rule that needs ajv at run time would be looked for in vain: the program is installed without it.
  if (/\brequire\(|\bimport\b/.test(text))
    throw new Error('A schema has a rule that needs ajv when it is applied.');
  return text;
}

/** Writes the modules into a folder: its path with a slash at its end. */
export async function writeValidators(folder: URL): Promise<void> {
  await mkdir(new URL('streams/', folder), { recursive: true });
  const write = (name: string, text: string): Promise<void> =>
    writeFile(new URL(`${name}.js`, folder), text);
  await write('config', validatorModule(readConfigSchema(), configAjvOptions));
  await write('sandbox', validatorModule(sandboxSchema, sandboxAjvOptions));
  for (const { name, schema } of discoverStreams('all'))
    await write(`streams/${name}`, validatorModule(schema, streamAjvOptions));
}
