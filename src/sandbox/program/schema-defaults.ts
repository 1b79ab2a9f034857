/** The defaults of a schema's properties, by name. */
export function schemaDefaults(properties: Readonly<Record<string, object>>): unknown[][] {
  return Object.entries(properties).flatMap(([name, property]) =>
    'default' in property ? [[name, property.default]] : [],
  );
}
