/** Stream definitions from the properties of an endpoint. */
import type { JsonObject } from '../core/json.ts';
import type { StreamDefinition } from './stream-definition.ts';
import { readExportBookmark } from './export/bookmark.ts';
import { exportEstimate } from './export/estimate.ts';
import { exportPages, type ExportSpec } from './export/pages.ts';
import { idPages, readIdBookmark, type IdListSpec } from './id-pages.ts';
import { listEndpoint } from './list-pages.ts';
import { exportProbe, idProbe } from './probe.ts';
import { bareArray } from './response-shape.ts';
import { splitPages } from './split-pages.ts';

/** The most frequent properties of a stream. */
export const defaults = {
  aliases: [],
  keyProperties: ['id'],
  replicationMethods: ['FULL_TABLE'],
  absentStatuses: [404],
  isDefault: true,
  foreignBookmarkKeys: [],
} satisfies Partial<StreamDefinition>;

/** An endpoint that is paged by id. */
export function idEndpoint(
  spec: IdListSpec,
): Pick<StreamDefinition, 'path' | 'pageLimit' | 'pages' | 'probe' | 'checkBookmark'> {
  return {
    path: spec.path,
    pageLimit: spec.limit,
    pages: idPages(spec),
    probe: idProbe(spec),
    checkBookmark: readIdBookmark,
  };
}

/** A stream whose path is its name, and whose response is an array. */
export function listStream(
  name: string,
  description: string,
  prepare?: (item: JsonObject) => void,
): StreamDefinition {
  const endpoint = listEndpoint({ path: name, shape: bareArray, prepare });
  return { ...defaults, ...endpoint, name, description };
}

export type Description = Pick<StreamDefinition, 'name' | 'description'>;

/** A stream of an incremental export, with the bookmark of `spec`. */
export function exportStream(
  definition: Description & Partial<StreamDefinition>,
  spec: ExportSpec,
): StreamDefinition {
  const { path, limit, replicationKey, foreignBookmarkKeys, split } = spec;
  const endpoint = { pages: exportPages(spec), probe: exportProbe(spec) };
  return {
    ...defaults,
    path,
    pageLimit: limit,
    replicationMethods: ['INCREMENTAL', 'FULL_TABLE'],
    replicationKey,
    foreignBookmarkKeys,
    checkBookmark: (entry) => readExportBookmark(entry, spec),
    estimate: exportEstimate(spec),
    ...(split === undefined ? endpoint : splitPages(endpoint, split)),
    ...definition,
  };
}
