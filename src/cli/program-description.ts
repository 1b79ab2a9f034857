/** The description of the program, for tools (`--about --format json`) and for users. */
import { userSettings } from '../config/config.ts';
import { textOf } from '../config/error-text.ts';
import type { JsonObject } from '../core/json.ts';
import type { StreamDescription } from '../singer/catalog.ts';

/** Capabilities, as defined in the Meltano Hub's plugin schema. */
export const capabilities: readonly string[] = [
  'about',
  'catalog',
  'discover',
  'state',
  'structured-logging',
  'test',
];

export interface ProgramDescription {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Range of supported Node.js versions. */
  readonly node: string;
  readonly settings: JsonObject;
  readonly streams: readonly StreamDescription[];
}

/** The keys that Singer tools expect. Keys about Python are present and empty. */
export function aboutJson(options: ProgramDescription): JsonObject {
  const { name, version, description, node, settings } = options;
  return {
    name,
    description,
    version,
    sdk_version: null,
    supported_python_versions: [],
    supported_node_versions: node,
    capabilities: [...capabilities],
    settings,
    streams: options.streams.map((stream) => ({
      name: stream.name,
      selected_by_default: stream.isDefault,
      key_properties: [...stream.keyProperties],
      replication_methods: [...stream.replicationMethods],
      replication_key: stream.replicationKey ?? null,
    })),
  };
}

interface Setting {
  readonly key: string;
  readonly property: JsonObject;
  readonly description: string;
  readonly isRequired: boolean;
}

export function describeSettings(schema: JsonObject): readonly Setting[] {
  const { required } = schema;
  return userSettings(schema).map(([key, property]) => {
    const description = textOf(property['description'] ?? '');
    const isRequired = Array.isArray(required) && required.includes(key);
    return { key, property, description, isRequired };
  });
}

export function aboutText(options: ProgramDescription, format: 'text' | 'markdown'): string {
  const { name, version, description, node } = options;
  const isText = format === 'text';
  const title = isText ? `${name} ${version}` : `# ${name} ${version}`;
  const section = (word: string): string => (isText ? `${word}:` : `## ${word}\n`);
  const item = (text: string): string => (isText ? `  ${text}` : `- ${text}`);
  const code = (word: string): string => (isText ? word : `\`${word}\``);
  const settings = describeSettings(options.settings).map((setting) => {
    const mark = setting.isRequired ? ' (required)' : '';
    return item(`${code(setting.key)}${mark}: ${setting.description}`);
  });
  const streams = options.streams.map(({ name: stream, replicationMethods, isDefault }) => {
    const off = isDefault ? '' : ', only if extra_streams names it';
    return item(`${code(stream)}: ${replicationMethods.join(' or ')}${off}`);
  });
  return [
    title,
    '',
    `${description}. Runs on Node.js ${node}.`,
    '',
    section('Capabilities'),
    item(capabilities.join(', ')),
    '',
    section('Settings'),
    ...settings,
    '',
    section('Streams'),
    ...streams,
    '',
  ].join('\n');
}
