/** A target that upserts by key, and the comparison of its content with the account. */
import type { JsonObject } from '../../../src/core/json.ts';
import type { Sandbox } from '../../../src/sandbox/api/server.ts';
import { expectedRecords, recordFaults } from '../../support/oracle.ts';
import type { Line } from '../../support/run-tap.ts';

/** Streams that change. */
const compared = ['agents', 'bans', 'agent_timeline', 'chats'];

/** Streams with a bookmark: an unchanged record that is read again is a repetition. */
const incremental = new Set(['agent_timeline', 'chats']);

export class Target {
  /** The last one received. */
  state: JsonObject | undefined;
  records = 0;
  repeated = 0;
  readonly #tables = new Map<string, Map<string, JsonObject>>();
  readonly #columns = new Map<string, readonly string[]>();
  #pending: { stream: string; record: JsonObject }[] = [];

  /** Takes one line of the tap. */
  take(line: string): void {
    const message: Line = JSON.parse(line);
    if (message.type === 'SCHEMA')
      this.#columns.set(message.stream, Object.keys(message.schema.properties ?? {}));
    if (message.type === 'RECORD') {
      this.records += 1;
      this.#pending.push(message);
    }
    if (message.type !== 'STATE') return;
    this.#commit();
    this.state = message.value;
  }

  /** Records after the last STATE are kept or lost. */
  endRun(keepsUncommitted: boolean): void {
    if (keepsUncommitted) this.#commit();
    this.#pending = [];
  }

  /** Starts from nothing. */
  forget(): void {
    this.#tables.clear();
    this.state = undefined;
  }

  /** The missing, invented and outdated records. */
  faults(sandbox: Sandbox): readonly string[] {
    return compared.flatMap((stream) => {
      const held = [...(this.#tables.get(stream)?.values() ?? [])];
      const expected = expectedRecords(sandbox, stream, this.#columns.get(stream) ?? []);
      return recordFaults(stream, held, expected);
    });
  }

  #commit(): void {
    for (const { stream, record } of this.#pending) {
      const table = this.#tables.get(stream) ?? new Map<string, JsonObject>();
      const key = JSON.stringify(record['id']);
      const isSame = JSON.stringify(table.get(key)) === JSON.stringify(record);
      if (isSame && incremental.has(stream)) this.repeated += 1;
      this.#tables.set(stream, table.set(key, record));
    }
    this.#pending = [];
  }
}
