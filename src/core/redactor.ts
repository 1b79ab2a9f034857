import { mapForeign } from './foreign-text.ts';

/** Replaces secrets in messages by `***`: every secret in marked text, and elsewhere those that are not plain words. */
export class Redactor {
  readonly #secrets = new Set<string>();
  /** All forms of the secrets, longest first. */
  #forms: readonly string[] = [];
  /** The forms that cannot be part of the program's own words. */
  #distinctForms: readonly string[] = [];

  addSecrets(secrets: readonly string[]): void {
    for (const secret of secrets) this.#secrets.add(secret);
    this.#forms = encodingsOf(this.#secrets);
    this.#distinctForms = this.#forms.filter(
      (form) => form.length >= minDistinctLength && !words.test(form),
    );
  }

  /** @param message Text from outside must be marked (`foreign`). */
  redact(message: string): string {
    const text = mapForeign(message, (inserted) => mask(inserted, this.#forms));
    return mask(text, this.#distinctForms).replaceAll(
      /\b(Bearer(?:\s+|%20|\+))[\w.~+/%=*-]+/gi,
      '$1***',
    );
  }
}

/** A shorter secret may be part of the program's own words. */
const minDistinctLength = 6;
/** So may a secret that consists of words of at most 15 letters, such as `access_token`. */
const words = /^(?:(?:[A-Z]?[a-z]{1,15}|[A-Z]{2,15})(?:[ _-]|$))+$/;

function mask(text: string, forms: readonly string[]): string {
  return forms.reduce((done, form) => done.replaceAll(form, '***'), text);
}

/**
 * All forms in which a secret may appear: unchanged, in a URL, in JSON, in base64. The longest form comes first,
 * because it may contain a shorter one.
 */
function encodingsOf(secrets: ReadonlySet<string>): readonly string[] {
  const encodedSecrets = [...secrets].flatMap((secret) => {
    if (secret === '') return [];
    const bytes = Buffer.from(secret);
    const base64 = bytes.toString('base64').replace(/={1,2}$/, '');
    const base64url = bytes.toString('base64url');
    const inUrl = encodeURIComponent(secret.toWellFormed());
    const inForm = new URLSearchParams([['', secret]]).toString().slice(1);
    return [secret, inUrl, inForm, JSON.stringify(secret).slice(1, -1), base64, base64url];
  });
  return [...new Set(encodedSecrets)].sort((left, right) => right.length - left.length);
}
