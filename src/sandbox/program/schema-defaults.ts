/** Name and value of what a part of the schema says that its properties are when they are left out. */
export function schemaDefaults(properties: Readonly<Record<string, object>>): unknown[][] {
  return Object.entries(properties).flatMap(([name, property]) =>
    'default' in property ? [[name, property.default]] : [],
  );
}
