import type { HttpAnswer, HttpRequest, Query } from '../http/client.ts';

/** The Chat API as the page sources see it: paths below `/api/v2/chat/`, answers as JSON. */
export interface ChatApi {
  /** @throws HttpError as {@link HttpAnswer}'s client does. */
  get(path: string, query: Query, revise?: HttpRequest['revise']): Promise<HttpAnswer>;
}
