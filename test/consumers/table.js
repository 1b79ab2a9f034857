/** The table of consumers. A row more is an entry here, a file in `rows`, and one in `requirements`. */
import { airbyteConnector } from './rows/airbyte-connector.js';
import { airbyteStandardTests } from './rows/airbyte-standard-tests.js';
import { conformanceRows } from './rows/conformance.js';
import { meltanoRows } from './rows/meltano.js';
import { meltanoMoving } from './rows/meltano-moving.js';
import { meltanoSettings } from './rows/meltano-settings.js';
import { oldTapRows } from './rows/old-tap.js';
import { protocolModels } from './rows/protocol-models.js';
import { pyairbyteRows } from './rows/pyairbyte.js';
import { pyairbyteMoving } from './rows/pyairbyte-moving.js';
import { targetRows } from './rows/targets.js';
import { warehouseRows } from './rows/warehouses.js';

/** @typedef {import('./stage.js').Stage} Stage */

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {readonly string[]} consumers The environments it needs, by their file in `requirements`.
 * @property {(stage: Stage) => Promise<string>} run What has been compared, in words; raises what differs.
 */

/** @type {readonly Row[]} */
export const table = [
  ...targetRows,
  ...warehouseRows,
  ...conformanceRows,
  ...meltanoRows,
  meltanoSettings,
  meltanoMoving,
  ...oldTapRows,
  protocolModels,
  airbyteStandardTests,
  ...pyairbyteRows,
  pyairbyteMoving,
  airbyteConnector,
];
