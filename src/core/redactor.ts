/** Replaces secrets in text by `***`. */
export class Redactor {
  readonly #secrets = new Set<string>();
  #encodedSecrets: readonly string[] = [];

  addSecrets(secrets: readonly string[]): void {
    for (const secret of secrets) this.#secrets.add(secret);
    this.#encodedSecrets = encodingsOf(this.#secrets);
  }

  redact(text: string): string {
    return this.#encodedSecrets
      .reduce((done, form) => done.replaceAll(form, '***'), text)
      .replaceAll(/\b(Bearer(?:\s+|%20|\+))[\w.~+/%=*-]+/gi, '$1***');
  }
}

/**
 * All forms in which a secret may appear: unchanged, in a URL, in JSON, in base64. The longest form comes first,
 * because it may contain a shorter one.
 */
function encodingsOf(secrets: ReadonlySet<string>): readonly string[] {
  const encodedSecrets = [...secrets].flatMap((secret) => {
    if (secret.length < 4) return [];
    const bytes = Buffer.from(secret);
    const base64 = bytes.toString('base64').replace(/={1,2}$/, '');
    const base64url = bytes.toString('base64url');
    const inUrl = encodeURIComponent(secret.toWellFormed());
    const inForm = new URLSearchParams([['', secret]]).toString().slice(1);
    return [secret, inUrl, inForm, JSON.stringify(secret).slice(1, -1), base64, base64url];
  });
  return [...new Set(encodedSecrets)].sort((left, right) => right.length - left.length);
}
