import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { Account, ChatSelection } from '../data/account.ts';
import type { FaultInjector } from '../faults/fault-rules.ts';
import type { OAuthProvider } from '../oauth/provider.ts';
import { checkOptions } from '../program/check-options.ts';
import type { RequestListener } from './reply.ts';
import type { LoggedRequest } from './request-log.ts';
import { isOneOf, resourceNames, type Resource } from '../data/resources.ts';
import type { Switches } from '../program/switches.ts';

export const controlPrefix = '/sandbox/';

export interface ControlContext {
  readonly account: Account;
  readonly faults: FaultInjector;
  readonly provider: OAuthProvider;
  readonly requests: LoggedRequest[];
  readonly setSwitches: (change: Partial<Switches>) => void;
}

async function readBody(incoming: IncomingMessage): Promise<unknown> {
  const body = await text(incoming);
  if (body.trim() === '') return {};
  try {
    return JSON.parse(body);
  } catch {
    // The position in JSON.parse's message does not help if the body was typed in a shell.
    throw new Error('The body is not JSON.');
  }
}

function asObject(body: unknown): JsonObject {
  if (!isJsonObject(body)) throw new Error('The body must be a JSON object.');
  return body;
}

/** `{ids?, count?, at?}`; `at` is in seconds. */
function selectionOf(body: unknown): ChatSelection {
  const { ids, count, at, ...rest } = asObject(body);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Error(`Unknown key: ${unknown}. Known are ids, count, at.`);
  if (ids !== undefined && !Array.isArray(ids)) throw new Error('ids must be a list of chat ids.');
  for (const [name, value] of Object.entries({ count, at })) {
    if (value !== undefined && !Number.isSafeInteger(value)) {
      throw new Error(`${name} must be a whole number.`);
    }
  }
  return {
    ...(ids !== undefined && { ids: ids.map(String) }),
    ...(typeof count === 'number' && { count }),
    ...(typeof at === 'number' && { at }),
  };
}

function resourceOf(name: unknown): Resource {
  if (typeof name === 'string' && isOneOf(resourceNames, name)) return name;
  throw new Error(`There is no resource ${String(name)}. There are ${resourceNames.join(', ')}.`);
}

/** The control calls by method and path. Each returns the JSON response; undefined means `{}`. */
function controlsOf(context: ControlContext): Readonly<Record<string, (body: unknown) => unknown>> {
  const { account, faults, provider, requests, setSwitches } = context;
  return {
    'POST edit': (body) => ({ ids: account.edit(selectionOf(body)) }),
    'POST late': (body) => ({ ids: account.late(selectionOf(body)) }),
    'POST add': (body) => ({ ids: account.add(selectionOf(body)) }),
    'POST delete': (body) => ({ ids: account.delete(selectionOf(body)) }),
    'POST put': (body) => {
      const { resource, item, at } = asObject(body);
      const place = typeof at === 'number' ? at : undefined;
      account.put(resourceOf(resource), asObject(item), place);
    },
    'POST faults': async (body) => {
      const { faults: rules = [] } = await checkOptions({ faults: [body].flat() });
      faults.add(...rules);
    },
    'DELETE faults': () => faults.clear(),
    'POST switches': async (body) => {
      const { switches = {} } = await checkOptions({ switches: body });
      setSwitches(switches);
    },
    'POST expire': () => provider.expire(),
    'POST revoke': () => {
      provider.expire();
      provider.revoke();
    },
    'GET requests': () => requests,
    'DELETE requests': () => {
      requests.length = 0;
    },
  };
}

/** Sends each item as a line, at the speed of the reader. */
async function dump(account: Account, resource: Resource, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(200, { 'content-type': 'application/jsonl; charset=utf-8' });
  const lines = Readable.from(account.dumpLines(resource)).map((line) => `${line}\n`);
  await pipeline(lines, outgoing);
}

function sendJson(outgoing: ServerResponse, status: number, value: unknown): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' });
  outgoing.end(`${JSON.stringify(value)}\n`);
}

/** Handles calls under `/sandbox/`, which need no token. Responds with 400 to an invalid call. */
export function createControlListener(context: ControlContext): RequestListener {
  const controls = controlsOf(context);
  return async (incoming, outgoing, url) => {
    const path = url.pathname.slice(controlPrefix.length);
    const control = controls[`${incoming.method} ${path}`];
    try {
      if (incoming.method === 'GET' && path.startsWith('dump/')) {
        await dump(context.account, resourceOf(path.slice('dump/'.length)), outgoing);
      } else if (control === undefined) {
        sendJson(outgoing, 404, { error: `There is no ${incoming.method} ${url.pathname}.` });
      } else {
        sendJson(outgoing, 200, (await control(await readBody(incoming))) ?? {});
      }
    } catch (error) {
      // If headers were sent, the reader closed the connection during a dump. All other errors are about the request.
      if (outgoing.headersSent) return;
      const sentence = error instanceof Error ? error.message : String(error);
      sendJson(outgoing, 400, { error: sentence });
    }
  };
}
