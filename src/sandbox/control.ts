import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { JsonObject } from '../json.ts';
import { isJsonObject } from '../json.ts';
import type { Account } from './account.ts';
import type { ChatChoice } from './chat-edits.ts';
import type { FaultBook } from './fault-rules.ts';
import type { Provider } from './oauth-provider.ts';
import { checkFaultRules, checkSwitches } from './option-checks.ts';
import type { LoggedRequest } from './request-log.ts';
import type { Resource } from './resources.ts';
import { resourceNames } from './resources.ts';
import type { Switches } from './switches.ts';

export const controlPrefix = '/sandbox/';

export interface ControlWorld {
  readonly account: Account;
  readonly faults: FaultBook;
  readonly provider: Provider;
  readonly requests: LoggedRequest[];
  readonly setSwitches: (change: Partial<Switches>) => void;
}

interface ControlReply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function json(value: unknown, status = 200): ControlReply {
  return { status, type: 'application/json', text: `${JSON.stringify(value)}\n` };
}

async function readBody(incoming: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const piece of incoming.setEncoding('utf8')) text += String(piece);
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    // JSON.parse's own words do not help whoever typed the body into a shell.
    throw new Error('The body is not JSON.');
  }
}

function asObject(body: unknown): JsonObject {
  if (!isJsonObject(body)) throw new Error('The body must be a JSON object.');
  return body;
}

/** `{ids?, count?, at?}`; `at` is in seconds. */
function choiceOf(body: JsonObject): ChatChoice {
  const { ids, count, at, ...rest } = body;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Error(`Unknown key: ${unknown}. Known are ids, count, at.`);
  if (ids !== undefined && !Array.isArray(ids)) throw new Error('ids must be a list of chat ids.');
  for (const [name, value] of Object.entries({ count, at })) {
    if (value !== undefined && !Number.isSafeInteger(value)) {
      throw new Error(`${name} must be a whole number.`);
    }
  }
  return {
    ...(ids === undefined ? {} : { ids: ids.map(String) }),
    ...(typeof count === 'number' ? { count } : {}),
    ...(typeof at === 'number' ? { at } : {}),
  };
}

function resourceOf(name: unknown): Resource {
  const resource = resourceNames.find((known) => known === name);
  if (resource === undefined) {
    throw new Error(`There is no resource ${String(name)}. There are ${resourceNames.join(', ')}.`);
  }
  return resource;
}

function putItem(account: Account, body: JsonObject): ControlReply {
  const { resource, item, at } = body;
  account.put(
    resourceOf(resource),
    asObject(item ?? null),
    typeof at === 'number' ? at : undefined,
  );
  return json({});
}

type Control = (body: unknown) => ControlReply;

/** What can be asked for, by method and path. */
function controlsOf(world: ControlWorld): Readonly<Record<string, Control>> {
  const { account, faults, provider, requests } = world;
  return {
    'POST edit': (body) => json({ ids: account.edit(choiceOf(asObject(body))) }),
    'POST late': (body) => json({ ids: account.late(choiceOf(asObject(body))) }),
    'POST add': (body) => json({ ids: account.add(choiceOf(asObject(body))) }),
    'POST delete': (body) => json({ ids: account.delete(choiceOf(asObject(body))) }),
    'POST put': (body) => putItem(account, asObject(body)),
    'POST faults': (body) => {
      const rules: unknown = Array.isArray(body) ? body : [body];
      checkFaultRules(rules);
      faults.add(...rules);
      return json({});
    },
    'DELETE faults': () => {
      faults.clear();
      return json({});
    },
    'POST switches': (body) => {
      checkSwitches(body);
      world.setSwitches(body);
      return json({});
    },
    'POST expire': () => {
      provider.expire();
      return json({});
    },
    'POST revoke': () => {
      provider.expire();
      provider.revoke();
      return json({});
    },
    'GET requests': () => json(requests),
    'DELETE requests': () => {
      requests.length = 0;
      return json({});
    },
  };
}

function* withLineEnds(lines: Iterable<string>): Iterable<string> {
  for (const line of lines) yield `${line}\n`;
}

/** Every item as a line, no faster than it is read. */
async function dump(account: Account, resource: Resource, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(200, { 'content-type': 'application/jsonl; charset=utf-8' });
  await pipeline(Readable.from(withLineEnds(account.dumpLines(resource))), outgoing);
}

/** Answers the calls under `/sandbox/`, which need no token. A call that cannot be understood is answered 400. */
export function createControl(
  world: ControlWorld,
): (incoming: IncomingMessage, outgoing: ServerResponse, url: URL) => Promise<void> {
  const controls = controlsOf(world);
  async function answer(incoming: IncomingMessage, path: string): Promise<ControlReply> {
    const control = controls[`${incoming.method} ${path}`];
    if (control !== undefined) return control(await readBody(incoming));
    return json({ error: `There is no ${incoming.method} ${controlPrefix}${path}.` }, 404);
  }
  return async (incoming, outgoing, url) => {
    const path = url.pathname.slice(controlPrefix.length);
    try {
      if (incoming.method === 'GET' && path.startsWith('dump/')) {
        await dump(world.account, resourceOf(path.slice('dump/'.length)), outgoing);
        return;
      }
      const { status, type, text } = await answer(incoming, path);
      outgoing.writeHead(status, { 'content-type': type });
      outgoing.end(text);
    } catch (error) {
      // A reader that went away in the middle of a dump. Every other error is about what the caller sent: the
      // sentence is the answer.
      if (outgoing.headersSent) return;
      outgoing.writeHead(400, { 'content-type': 'application/json' });
      outgoing.end(
        `${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`,
      );
    }
  };
}
