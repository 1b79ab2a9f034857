/** How a request says on whose behalf it is made. */
export interface Credentials {
  /** Headers of the next request; they hold a secret. */
  readonly headers: () => Readonly<Record<string, string>>;
}

/** A Chat OAuth token; a Support token is refused by this API. */
export function bearerToken(accessToken: string): Credentials {
  return { headers: () => ({ authorization: `Bearer ${accessToken}` }) };
}
