/**
 * The part of JSON Schema (draft-07) our schema files use. One type, plus `null` where the value may be
 * missing; no references, no unions of schemas, so that every target understands it.
 */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}
