import type { AnswerWorld } from './export-answers.ts';
import { createExportAnswers } from './export-answers.ts';
import { answerAgent, answerIdList, answerObject, answerPlainList } from './list-answers.ts';
import type { Query } from './query.ts';
import { isRefused } from './query.ts';
import type { Reply } from './reply.ts';
import { refusal, unauthorized } from './reply.ts';
import type { Resource } from './resources.ts';
import { exportNames, idListNames, objectNames, plainNames } from './resources.ts';

/** A request, as far as an answer depends on it. */
export interface Asked {
  /** Without `/api/v2/chat/`. */
  readonly path: string;
  readonly query: Query;
  /** Did it carry the right token? */
  readonly isAuthorized: boolean;
  /** Scheme and host the client called, for links. */
  readonly origin: string;
}

export interface Router {
  /** The right answer of this API as the switches have it. */
  answer(asked: Asked): Reply;
}

interface Route {
  /** The name the switches `absent` and `tokenRefused` know it by. */
  readonly resource: Resource | 'agents/me';
  readonly answer: (query: Query, origin: string) => Reply;
}

function createRoutes(world: AnswerWorld): ReadonlyMap<string, Route> {
  const answers = createExportAnswers(world);
  const routes: (readonly [string, Route])[] = [
    ...objectNames.map((resource) => {
      const route: Route = { resource, answer: (query) => answerObject(world, resource, query) };
      return [resource, route] as const;
    }),
    ...plainNames.map((resource) => {
      const route: Route = { resource, answer: (query) => answerPlainList(world, resource, query) };
      return [resource, route] as const;
    }),
    ...idListNames.map((resource) => {
      const route: Route = { resource, answer: (query) => answerIdList(world, resource, query) };
      return [resource, route] as const;
    }),
    ...exportNames.map((resource) => {
      const answer: Route['answer'] = (query, origin) => answers.answer(resource, query, origin);
      return [`incremental/${resource}`, { resource, answer }] as const;
    }),
  ];
  return new Map(routes);
}

function routeOf(
  world: AnswerWorld,
  routes: ReadonlyMap<string, Route>,
  path: string,
): Route | undefined {
  const agent = /^agents\/(me|\d+)$/.exec(path)?.[1];
  if (agent === undefined) return routes.get(path);
  const resource = agent === 'me' ? 'agents/me' : 'agents';
  return { resource, answer: (query) => answerAgent(world, agent, query) };
}

/** Binds paths to answers; checks the token first, as the real API does. */
export function createRouter(world: AnswerWorld): Router {
  const routes = createRoutes(world);
  return {
    answer({ path, query, isAuthorized, origin }) {
      const { tokenRefused, absent } = world.switches();
      if (!isAuthorized || tokenRefused === true) return unauthorized();
      const route = routeOf(world, routes, path);
      if (route === undefined) return refusal(404);
      if (tokenRefused !== false && tokenRefused.includes(route.resource)) return unauthorized();
      const status = absent[route.resource] ?? absent['*'];
      if (status !== undefined) return refusal(status);
      try {
        return route.answer(query, origin);
      } catch (error) {
        // What the readers of queries throw is an answer.
        if (isRefused(error)) return error.refused;
        throw error;
      }
    },
  };
}
