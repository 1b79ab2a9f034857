/** The table of consumers. A row more is an entry here, a file in `rows`, and one in `requirements`. */
import { airbyteConnector } from './rows/airbyte-connector.ts';
import { comparison } from './rows/comparison.ts';
import { airbyteStandardTests } from './rows/airbyte-standard-tests.ts';
import { chatParts } from './rows/chat-parts.ts';
import { conformanceRows } from './rows/conformance.ts';
import { meltanoRows } from './rows/meltano.ts';
import { meltanoMoving } from './rows/meltano-moving.ts';
import { meltanoSettings } from './rows/meltano-settings.ts';
import { meltanoTokens } from './rows/meltano-tokens.ts';
import { oldTapRows } from './rows/old-tap.ts';
import { protocolModels } from './rows/protocol-models.ts';
import { pyairbyteRows } from './rows/pyairbyte.ts';
import { pyairbyteMoving } from './rows/pyairbyte-moving.ts';
import { targetRows } from './rows/targets.ts';
import { warehouseRows } from './rows/warehouses.ts';
import type { Row } from './stage.ts';

export const table: readonly Row[] = [
  ...targetRows,
  chatParts,
  ...warehouseRows,
  ...conformanceRows,
  ...meltanoRows,
  meltanoSettings,
  meltanoTokens,
  meltanoMoving,
  ...oldTapRows,
  protocolModels,
  airbyteStandardTests,
  ...pyairbyteRows,
  pyairbyteMoving,
  airbyteConnector,
  comparison,
];
