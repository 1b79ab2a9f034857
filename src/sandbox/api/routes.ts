import { ExportAnswers, type AnswerContext } from './export-answers.ts';
import { answerAgent, answerIdList, answerUnpaged } from './list-answers.ts';
import { readQuery, RejectedRequest } from './query.ts';
import { errorReply, unauthorized, type Reply } from './reply.ts';
import { exportNames, idListNames, isOneOf, listNames, type Resource } from '../data/resources.ts';

/** The parts of a request that the response depends on. */
export interface ApiRequest {
  /** Without `/api/v2/chat/`. */
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly isAuthorized: boolean;
  /** The origin that the client used, for links. */
  readonly origin: string;
}

/** The name of a path in the switches `absent` and `tokenRefused`. */
function resourceOf(path: string): Resource | 'agents/me' | undefined {
  if (path === 'agents/me' || isOneOf(listNames, path)) return path;
  if (/^agents\/\d+$/.test(path)) return 'agents';
  return exportNames.find((name) => path === `incremental/${name}`);
}

/** Maps paths to responses. Checks the token first, like the real API. */
export function createRouter(context: AnswerContext): (request: ApiRequest) => Reply {
  const exports = new ExportAnswers(context);
  function answer(resource: Resource | 'agents/me', { path, parameters, origin }: ApiRequest) {
    const query = readQuery(parameters);
    if (isOneOf(exportNames, resource)) return exports.answer(resource, query, origin);
    if (resource === 'agents/me' || path.startsWith('agents/')) {
      return answerAgent(context, path, query);
    }
    if (isOneOf(idListNames, resource)) return answerIdList(context, resource, query);
    return answerUnpaged(context, resource, query);
  }
  return (request) => {
    const { tokenRefused, absent } = context.switches();
    if (!request.isAuthorized || tokenRefused === true) return unauthorized();
    const resource = resourceOf(request.path);
    if (resource === undefined) return errorReply(404);
    if (tokenRefused !== false && tokenRefused.includes(resource)) return unauthorized();
    const status = absent[resource] ?? absent['*'];
    if (status !== undefined) return errorReply(status);
    try {
      return answer(resource, request);
    } catch (error) {
      if (error instanceof RejectedRequest) return errorReply(400, error.message);
      throw error;
    }
  };
}
