import { describeSettings } from '../cli/program-description.ts';
import { propertiesOf } from '../config/config.ts';
import { textOf } from '../config/error-text.ts';
import type { DiscoveredStream } from '../sync/discover-streams.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { StreamDefinition } from '../zendesk/stream-definition.ts';

type Row = readonly string[];

const emptyCell = '–';

/** A Markdown table. Vertical bars in cells are escaped. */
function markdownTable(header: Row, rows: readonly Row[]): string {
  const tableRow = (cells: Row): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [tableRow(header), tableRow(header.map(() => '---')), ...rows.map(tableRow)].join('\n');
}

function code(word: string): string {
  return `\`${word}\``;
}

/** Marks names of settings, and the values that a setting accepts, as code. */
function markCode(description: string, schema: JsonObject, accepted: Json = []): string {
  const keys = propertiesOf(schema).flatMap(([key]) => (key.includes('_') ? [key] : []));
  const words = new Set<Json>([...keys, ...(Array.isArray(accepted) ? accepted : [])]);
  return description.replaceAll(/\w+/g, (word) => (words.has(word) ? code(word) : word));
}

/** The config keys with their meaning and default. Deprecated keys are left out. */
export function configTable(schema: JsonObject): string {
  const rows = describeSettings(schema).map(({ key, description, isRequired, property }) => {
    const { default: value, enum: accepted } = property;
    const text = value === undefined ? emptyCell : code(JSON.stringify(value));
    const meaning = markCode(description, schema, accepted);
    return [code(key), meaning, isRequired ? '**required**' : text];
  });
  return markdownTable(['Key', 'Meaning', 'Default'], rows);
}

/** Config keys of old configs. */
export function deprecatedList(schema: JsonObject): string {
  return propertiesOf(schema)
    .filter(([, property]) => property['deprecated'] === true)
    .map(([key, property]) => `- ${code(key)}: ${textOf(property['description'])}`)
    .join('\n');
}

function replicationText({ replicationMethods, replicationKey = '' }: StreamDefinition): string {
  return replicationMethods
    .map((method) => (method === 'FULL_TABLE' ? method : `${method} by ${code(replicationKey)}`))
    .join(' or ');
}

/** How many records one response holds. */
function pagingText({ path, pageLimit }: StreamDefinition, config: JsonObject): string {
  if (path.startsWith('incremental/')) return 'up to 1,000';
  if (pageLimit === undefined) return 'all';
  const limit = propertiesOf(config).find(([property]) => property === pageLimit)?.[1]['default'];
  return `${JSON.stringify(limit)} (${code(pageLimit)})`;
}

/** The streams in the order in which the tap reads them. */
export function streamTable(streams: readonly DiscoveredStream[]): string {
  const rows = streams.map((stream) => {
    const { name, description, keyProperties, isDefault, schema } = stream;
    const columns = Object.keys(schema.properties ?? {}).length;
    return [
      code(name),
      isDefault ? description : `${description}. Only if ${code('extra_streams')} names it`,
      keyProperties.map(code).join(', '),
      replicationText(stream),
      `[${columns}](../schemas/streams/${name}.json)`,
    ];
  });
  return markdownTable(['Stream', 'Content', 'Key', 'Replication', 'Fields'], rows);
}

/** The requests with which the tap reads each stream. */
export function requestTable(streams: readonly StreamDefinition[], config: JsonObject): string {
  const rows = streams.map((stream) => [
    code(stream.name),
    code(stream.path),
    pagingText(stream, config),
    stream.absentStatuses.length === 0 ? emptyCell : stream.absentStatuses.join(', '),
  ]);
  return markdownTable(['Stream', 'Path', 'Records per response', 'Absent after'], rows);
}

/** The default streams in short. */
export function streamOverview(streams: readonly StreamDefinition[]): string {
  const rows = streams
    .filter(({ isDefault }) => isDefault)
    .map(({ name, description, replicationMethods: [method] }) => [
      code(name),
      description,
      method === 'INCREMENTAL' ? 'new and changed records' : 'everything',
    ]);
  return markdownTable(['Stream', 'Content', 'A later run reads'], rows);
}

/** As in src/airbyte/catalog.ts, which this folder does not import. */
const withoutPrimaryKey: ReadonlySet<string> = new Set(['routing_settings']);

export function airbyteStreamTable(streams: readonly StreamDefinition[]): string {
  const rows = streams.map(({ name, keyProperties, replicationMethods, replicationKey = '' }) => {
    const isIncremental = replicationMethods.includes('INCREMENTAL');
    return [
      code(name),
      isIncremental ? 'full refresh, incremental' : 'full refresh',
      isIncremental ? code(replicationKey) : emptyCell,
      withoutPrimaryKey.has(name) ? emptyCell : keyProperties.map(code).join(', '),
    ];
  });
  return markdownTable(['Stream', 'Sync modes', 'Cursor field', 'Primary key'], rows);
}

const section = /<!-- generated: (\S+) -->\n[\s\S]*?<!-- end -->/g;

/**
 * Replaces the text between `<!-- generated: NAME -->` and `<!-- end -->`.
 * @throws Error if the document lacks a section, or has an unknown one.
 */
export function replaceSections(text: string, sections: Readonly<Record<string, string>>): string {
  const missing = new Set(Object.keys(sections));
  const filled = text.replaceAll(section, (_match, name: string) => {
    const content = sections[name];
    if (content === undefined) throw new Error(`no generated section is called "${name}"`);
    missing.delete(name);
    return `<!-- generated: ${name} -->\n\n${content}\n\n<!-- end -->`;
  });
  if (missing.size === 0) return filled;
  throw new Error(`the document lacks the section ${[...missing].join(', ')}`);
}
