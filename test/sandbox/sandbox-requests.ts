import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { JsonObject } from '../../src/core/json.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/api/server.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

/** The constant time of the clock of `startFrozenSandbox` sandboxes. */
export const noon = '2024-06-01T12:00:00Z';
export const noonMs = Date.parse(noon);
export const noonSeconds = noonMs / 1000;

const open: Sandbox[] = [];

/** Starts a small sandbox with a frozen clock. `closeAll` stops it. */
export async function startFrozenSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ chats: 30, now: noon, clock: () => noonMs, ...options });
  open.push(sandbox);
  return sandbox;
}

export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((sandbox) => sandbox.close()));
}

/** Sends a request without a token and returns the complete response. Rejects if the response is incomplete. */
export function send(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, rest, (incoming) => {
      collect(incoming).then(resolve, reject);
    });
    // Node 24 and later report a reset in the middle of a body here, too.
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function collect(incoming: IncomingMessage): Promise<Answer> {
  const bytes = await buffer(incoming);
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    bytes,
    text: bytes.toString('utf8'),
  };
}

/** Resolves once the sandbox's log shows a request that `isWanted`. */
export async function untilLogged(
  sandbox: Sandbox,
  isWanted: (request: Sandbox['requests'][number]) => boolean,
): Promise<void> {
  while (!sandbox.requests.some(isWanted)) await new Promise((resolve) => setImmediate(resolve));
}

/** Sends a request with the valid token. @param path The part after `/api/v2/chat/`. */
export function requestApi(
  sandbox: Sandbox,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const authorization = `Bearer ${sandbox.token}`;
  return send(`${sandbox.url}/api/v2/chat/${path}`, { headers: { authorization, ...headers } });
}

/** The body of a successful response. */
export async function json<Body = JsonObject[]>(sandbox: Sandbox, path: string): Promise<Body> {
  const { status, text } = await requestApi(sandbox, path);
  if (status !== 200) throw new Error(`${path} was answered ${status}: ${text}`);
  return JSON.parse(text) as Body;
}

export interface Page {
  readonly items: JsonObject[];
  readonly ids: string[];
  readonly count: number;
  readonly end_time: number | null;
  readonly end_id: string | null;
  readonly next_page: string;
  readonly keys: string[];
}

/** A text as it is, anything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** A page of an export with whole items. */
export async function page(sandbox: Sandbox, name: string, query = ''): Promise<Page> {
  const more = query === '' ? '' : `&${query}`;
  const path = `incremental/${name}?fields=${name}(*)${more}`;
  const body = await json<Omit<Page, 'items'> & Record<string, JsonObject[]>>(sandbox, path);
  const items = body[name] ?? [];
  return { ...body, items, ids: items.map(({ id }) => textOf(id)), keys: Object.keys(body) };
}

export function control(sandbox: Sandbox, call: string, body: unknown = {}): Promise<Answer> {
  const [method = 'GET', path = ''] = call.split(' ');
  const text = method === 'GET' ? undefined : JSON.stringify(body);
  return send(`${sandbox.url}/sandbox/${path}`, {
    method,
    ...(text === undefined ? {} : { body: text }),
  });
}
