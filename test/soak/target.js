/** A target that upserts by key, and the comparison of what it holds with the account. */

/** @typedef {Record<string, unknown>} Item */
/** @typedef {import('./world.js').Sandbox} Sandbox */

/** Streams that change, and where the sandbox keeps what they read. */
const compared = /** @type {const} */ (['agents', 'bans', 'agent_timeline', 'chats']);

/** Streams read on from a bookmark: what comes of them again unchanged is a repetition. */
const incremental = new Set(['agent_timeline', 'chats']);

/**
 * @typedef {object} Target
 * @property {(line: string) => void} take One line of the tap.
 * @property {(keepsUncommitted: boolean) => void} endRun What came after the last STATE is kept or lost.
 * @property {() => object | undefined} state The last one received.
 * @property {() => void} forget Starts from nothing.
 * @property {() => { records: number, repeated: number }} counts
 * @property {(stream: string) => ReadonlyMap<string, Item>} held
 */

/** What the target holds, by stream and key. */
function createTables() {
  /** @type {Map<string, Map<string, Item>>} */
  const tables = new Map();
  let repeated = 0;
  /** @param {string} stream */
  const tableOf = (stream) => {
    const table = tables.get(stream) ?? new Map();
    tables.set(stream, table);
    return table;
  };
  return {
    tableOf,
    clear: () => tables.clear(),
    repeated: () => repeated,
    /**
     * @param {string} stream
     * @param {Item} record
     */
    upsert: (stream, record) => {
      const table = tableOf(stream);
      const key = String(record['id']);
      const isSame = JSON.stringify(table.get(key)) === JSON.stringify(record);
      if (isSame && incremental.has(stream)) repeated += 1;
      table.set(key, record);
    },
  };
}

/** @returns {Target} */
export function createTarget() {
  const tables = createTables();
  /** @type {{ stream: string, record: Item }[]} */
  let pending = [];
  /** @type {object | undefined} */
  let state;
  let records = 0;
  const commit = () => {
    for (const { stream, record } of pending) tables.upsert(stream, record);
    pending = [];
  };
  return {
    take: (line) => {
      const message = JSON.parse(line);
      if (message.type === 'RECORD') {
        records += 1;
        pending.push(message);
      }
      if (message.type !== 'STATE') return;
      commit();
      state = message.value;
    },
    endRun: (keepsUncommitted) => {
      if (keepsUncommitted) commit();
      pending = [];
    },
    state: () => state,
    forget: () => {
      tables.clear();
      state = undefined;
    },
    counts: () => ({ records, repeated: tables.repeated() }),
    held: tables.tableOf,
  };
}

const instant = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z|\+00:00Z)$/;

/** @param {string} text */
function written(text) {
  const match = instant.exec(text);
  if (match === null) return text;
  const fraction = (match[2] ?? '').padEnd(6, '0');
  return `${match[1] ?? ''}${Number(fraction) === 0 ? '' : `.${fraction}`}Z`;
}

/**
 * Does a record hold all that the account's item does? Instants have one form, 0 and 1 may be truths.
 *
 * @param {unknown} item
 * @param {unknown} record
 * @returns {boolean}
 */
function isToldBy(item, record) {
  if (Array.isArray(item)) {
    if (!Array.isArray(record) || record.length !== item.length) return false;
    return item.every((inner, place) => isToldBy(inner, record[place]));
  }
  if (typeof item === 'object' && item !== null) {
    if (typeof record !== 'object' || record === null) return false;
    const told = new Map(Object.entries(record));
    return Object.entries(item).every(([name, value]) => isToldBy(value, told.get(name) ?? null));
  }
  if (typeof item === 'string') return written(item) === record;
  return item === record || (typeof record === 'boolean' && Number(record) === item);
}

/**
 * @param {string} stream
 * @param {Item} item
 */
function keyOf(stream, item) {
  if (stream !== 'agent_timeline') return String(item['id']);
  return `${String(item['agent_id'])}|${written(String(item['start_time']))}`;
}

/**
 * @typedef {object} Faults
 * @property {readonly string[]} lost
 * @property {readonly string[]} stale
 * @property {readonly string[]} invented
 */

/**
 * Compares what the target holds with all the account holds now.
 *
 * @param {Target} target
 * @param {Sandbox} sandbox
 * @returns {Faults}
 */
export function compare(target, sandbox) {
  /** @type {string[]} */
  const lost = [];
  /** @type {string[]} */
  const stale = [];
  /** @type {string[]} */
  const invented = [];
  for (const stream of compared) {
    const held = target.held(stream);
    const keys = new Set();
    for (const item of sandbox.account.dump(stream)) {
      const key = keyOf(stream, item);
      keys.add(key);
      const record = held.get(key);
      if (record === undefined) lost.push(`${stream} ${key}`);
      else if (!isToldBy(item, record)) stale.push(`${stream} ${key}`);
    }
    for (const key of held.keys()) if (!keys.has(key)) invented.push(`${stream} ${key}`);
  }
  return { lost, stale, invented };
}
