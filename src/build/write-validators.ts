/** Compiles the schemas with ajv during the build, so that the program runs without a compiler. */
import { mkdir, writeFile } from 'node:fs/promises';

import { _, Ajv, type Options } from 'ajv';
import { _Code as Code } from 'ajv/dist/compile/codegen/code.js';
import standalone from 'ajv/dist/standalone/index.js';

import { readConfigSchema } from '../config/config.ts';
import { describeStreams } from '../sync/discover-streams.ts';
import sandboxSchema from '../sandbox/program/options.json' with { type: 'json' };

/**
 * Whether a string has the format of instants in records. Checks only the length and the separators, because the
 * coercion has already checked the date and speed matters here. The compiled modules contain this function's source.
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

/** Options for the config schema: report all errors; dates are parsed later. */
const configAjvOptions: Options = {
  allErrors: true,
  useDefaults: true,
  formats: { 'date-time': true },
  code,
};

/** Options for the schema of the sandbox's options. The keywords `flag` and `takes` are for the command line. */
const sandboxAjvOptions: Options = {
  verbose: true,
  allowUnionTypes: true,
  keywords: ['flag', 'takes'],
  code,
};

function validatorModule(schema: object, options: Options): string {
  const ajv = new Ajv(options);
  const text = standalone.default(ajv, ajv.compile(schema));
  // ajv is not installed with the program.
  if (/\brequire\(|\bimport\b/.test(text))
    throw new Error('A schema has a rule that needs ajv at run time.');
  return text;
}

/** Writes the modules into a folder, whose URL must end with a slash. */
export async function writeValidators(folder: URL): Promise<void> {
  await mkdir(new URL('streams/', folder), { recursive: true });
  const write = (name: string, text: string): Promise<void> =>
    writeFile(new URL(`${name}.js`, folder), text);
  await write('config', validatorModule(readConfigSchema(), configAjvOptions));
  await write('sandbox', validatorModule(sandboxSchema, sandboxAjvOptions));
  for (const { name, schema } of describeStreams())
    await write(`streams/${name}`, validatorModule(schema, streamAjvOptions));
}
