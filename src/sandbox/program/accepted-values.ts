/** Describes the values that JSON options accept, for `--help` and for errors, from `options.json`. */
import schema from './options.json' with { type: 'json' };

/** The keys of a schema that are needed to list accepted values. */
interface Part {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Part>>;
  readonly required?: readonly string[];
  readonly items?: Part;
  /** A description of the accepted values, if the other keys do not define them. */
  readonly takes?: string;
}

const { switches, faults, ties } = schema.properties;
const fault = faults.items.properties.fault;
const { kind, ...parameters } = fault.properties;
const { fault: _fault, ...conditions } = faults.items.properties;

/** The options that take JSON and have a flag with the same name. */
export const jsonOptions = { switches, faults, ties } as const;
type JsonOption = keyof typeof jsonOptions;

function isJsonOption(name: string): name is JsonOption {
  return Object.hasOwn(jsonOptions, name);
}

export function exampleOf(name: JsonOption): string {
  return JSON.stringify(jsonOptions[name].examples[0]);
}

const acceptedKeys: Readonly<Record<JsonOption, string>> = {
  switches: `a JSON object with any of ${Object.keys(switches.properties).join(', ')}`,
  faults:
    `a JSON list of rules. A rule has a fault and any of ${Object.keys(conditions).join(', ')}. ` +
    `A fault has a kind, one of ${kind.enum.join(', ')}, and any of ${Object.keys(parameters).join(', ')}`,
  ties: 'a JSON list of objects, each with at (start, middle, head or a number) and count',
};

/** The end of an error about an option: the accepted values, unless the error contains them, and an example. */
export function adviceFor(name: string, isComplete = false): string {
  if (!isJsonOption(name)) return '';
  const accepted = isComplete ? '' : ` ${name} takes ${acceptedKeys[name]}.`;
  return `${accepted} Example: '${exampleOf(name)}'`;
}

function valueText({ type, enum: words, properties, required, items, takes }: Part): string {
  if (takes !== undefined) return takes;
  if (words !== undefined) return words.join(' | ');
  if (items !== undefined) return `a list of: ${valueText(items)}`;
  if (properties === undefined) return [type].flat().join(' | ');
  const keys = Object.keys(properties);
  return `{${keys.map((key) => (required?.includes(key) === true ? key : `${key}?`)).join(', ')}}`;
}

function listOf(properties: Readonly<Record<string, Part>>): string {
  const width = Math.max(...Object.keys(properties).map(({ length }) => length));
  return Object.entries(properties)
    .map(([name, part]) => `  ${name.padEnd(width)}  ${valueText(part)}`)
    .join('\n');
}

/** For --help. Each line has at most 80 characters. */
export const acceptedLists = `--switches takes a JSON object with any of (? marks optional keys):
${listOf(switches.properties)}
Example: --switches '${exampleOf('switches')}'

--faults takes a JSON list of rules. A rule has a fault, and conditions:
${listOf(conditions)}
A fault has a kind, and parameters that depend on the kind:
${listOf(fault.properties)}
Example: --faults
  '${exampleOf('faults')}'

--ties takes a JSON list of objects with:
${listOf(ties.items.properties)}
Example: --ties '${exampleOf('ties')}'`;
