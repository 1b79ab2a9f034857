import { ExportAnswers, type AnswerWorld } from './export-answers.ts';
import { answerAgent, answerIdList, answerWhole } from './list-answers.ts';
import { readQuery, Refused } from './query.ts';
import { refusal, unauthorized, type Reply } from './reply.ts';
import { exportNames, idListNames, isOneOf, listNames, type Resource } from '../data/resources.ts';

/** A request, as far as an answer depends on it. */
export interface Asked {
  /** Without `/api/v2/chat/`. */
  readonly path: string;
  readonly parameters: URLSearchParams;
  /** Did it carry the right token? */
  readonly isAuthorized: boolean;
  /** Scheme and host the client called, for links. */
  readonly origin: string;
}

/** The name the switches `absent` and `tokenRefused` know a path by. */
function resourceOf(path: string): Resource | 'agents/me' | undefined {
  if (path === 'agents/me' || isOneOf(listNames, path)) return path;
  if (/^agents\/\d+$/.test(path)) return 'agents';
  return exportNames.find((name) => path === `incremental/${name}`);
}

/** Binds paths to answers; checks the token first, as the real API does. */
export function createRouter(world: AnswerWorld): (asked: Asked) => Reply {
  const exports = new ExportAnswers(world);
  function answer(resource: Resource | 'agents/me', { path, parameters, origin }: Asked): Reply {
    const query = readQuery(parameters);
    if (isOneOf(exportNames, resource)) return exports.answer(resource, query, origin);
    if (resource === 'agents/me' || path.startsWith('agents/')) {
      return answerAgent(world, path, query);
    }
    if (isOneOf(idListNames, resource)) return answerIdList(world, resource, query);
    return answerWhole(world, resource, query);
  }
  return (asked) => {
    const { tokenRefused, absent } = world.switches();
    if (!asked.isAuthorized || tokenRefused === true) return unauthorized();
    const resource = resourceOf(asked.path);
    if (resource === undefined) return refusal(404);
    if (tokenRefused !== false && tokenRefused.includes(resource)) return unauthorized();
    const status = absent[resource] ?? absent['*'];
    if (status !== undefined) return refusal(status);
    try {
      return answer(resource, asked);
    } catch (error) {
      if (error instanceof Refused) return refusal(400, error.message);
      throw error;
    }
  };
}
