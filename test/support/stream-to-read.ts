import type { JsonObject } from '../../src/core/json.ts';
import type { JsonSchema } from '../../src/singer/schema.ts';
import { selectStreams } from '../../src/singer/select-streams.ts';
import type { StreamToRead } from '../../src/sync/sync-options.ts';
import type { Page, PageSource, StreamDefinition } from '../../src/zendesk/stream-definition.ts';
import { now } from './scripted-api.ts';

const schema: JsonSchema = {
  type: 'object',
  properties: { id: { type: 'integer' }, at: { type: ['null', 'string'] } },
};

/** A page of items with the ids given; its checkpoint, if any, is `{"id": checkpoint}`. */
export function pageOf(ids: readonly unknown[], checkpoint?: number): Page {
  const items = ids.map((id) => ({ id }) as JsonObject);
  const page = { items, fetchedMs: now };
  return checkpoint === undefined ? page : { ...page, checkpoint: { id: checkpoint } };
}

/** A source of ready pages; an Error among them is thrown at its place. */
export function pagesOf(...pages: (Page | Error)[]): PageSource {
  return () =>
    async function* ready() {
      for (const page of pages) {
        if (page instanceof Error) throw page;
        yield page;
      }
    };
}

/** A stream whose pages are given, ready to be read incrementally. */
export function streamToRead(
  name: string,
  pages: PageSource,
  changes: Partial<StreamDefinition> = {},
): StreamToRead {
  const definition: StreamDefinition = {
    name,
    description: '',
    aliases: [],
    path: name,
    keyProperties: ['id'],
    replicationMethods: ['INCREMENTAL', 'FULL_TABLE'],
    replicationKey: 'id',
    absentStatuses: [404],
    isDefault: true,
    foreignBookmarkKeys: [],
    pages,
    probe: async () => ({ items: [] }),
    ...changes,
  };
  const [selected] = selectStreams({
    catalog: undefined,
    streams: [{ ...definition, schema }],
    warn: () => undefined,
  });
  if (selected === undefined) throw new Error('nothing selected');
  return { definition, selected };
}
