/** The catalogs of the measured programs. */
import { discoverCatalog } from '../../../dist/singer/catalog.js';

/**
 * The known properties of a stream.
 *
 * @typedef {object} Described
 * @property {string} name
 * @property {{ readonly properties?: Readonly<Record<string, unknown>> }} schema
 */

/** @param {string} path `history.*.msg` */
function breadcrumbOf(path) {
  return path.split('.').flatMap((step) => (step === '*' ? ['items'] : ['properties', step]));
}

/**
 * @typedef {object} Entry Of a catalog, as far as it is changed here.
 * @property {string} tap_stream_id
 * @property {{ breadcrumb: readonly string[], metadata: Record<string, unknown> }[]} metadata
 */

/**
 * The discovered catalog with one selected stream, without the given columns.
 *
 * @param {readonly Described[]} descriptions
 * @param {string} stream
 * @param {readonly string[]} deselected
 */
export function catalogOf(descriptions, stream, deselected) {
  const unwanted = new Set(deselected.map((path) => breadcrumbOf(path).join()));
  /** @type {{ streams: Entry[] }} */
  const catalog = structuredClone(discoverCatalog(descriptions));
  for (const entry of catalog.streams) {
    const isWanted = entry.tap_stream_id === stream;
    for (const { breadcrumb, metadata } of entry.metadata) {
      if (breadcrumb.length === 0) metadata['selected'] = isWanted;
      if (breadcrumb.length === 0 && isWanted) metadata['replication-method'] = 'INCREMENTAL';
      if (isWanted && unwanted.has(breadcrumb.join())) metadata['selected'] = false;
    }
  }
  return catalog;
}

/** A connection of Airbyte's that reads one stream whole. @param {string} stream */
export function connectionOf(stream) {
  return {
    streams: [
      {
        stream: { name: stream, json_schema: {}, supported_sync_modes: ['incremental'] },
        sync_mode: 'incremental',
        destination_sync_mode: 'append',
      },
    ],
  };
}

export const config = {
  subdomain: 'bench',
  access_token: 'made-up-token',
  start_date: '2024-01-01T00:00:00Z',
  requests_per_minute: 10_000,
};
