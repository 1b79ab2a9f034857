/** Finds secrets in any form. */

/** Base64 characters that depend only on the secret, for each position at which it may start. */
function base64Forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const first = Math.ceil((shift * 8) / 6);
    const whole = Math.floor(((shift + bytes.length) * 8) / 6);
    return text.slice(first, whole);
  });
}

/** The forms in which a secret may appear: unchanged, in JSON, in a URL, in base64. */
export function secretForms(secret: string): Readonly<Record<string, readonly string[]>> {
  const base64 = base64Forms(secret);
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1);
  return {
    'as it is': [secret, JSON.stringify(secret).slice(1, -1)],
    'URL-encoded': [encodeURIComponent(secret), inForm],
    'in base64': [
      ...base64,
      ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    ],
  };
}

/** Finds secrets in the output of a process. The faults do not repeat them. */
export function secretFaults(
  { stdout, stderr }: { readonly stdout: Buffer; readonly stderr: string },
  secrets: readonly string[],
): readonly string[] {
  const written = { stdout: stdout.toString('utf8'), stderr };
  return secrets.flatMap((secret, index) =>
    Object.entries(secretForms(secret)).flatMap(([form, texts]) =>
      Object.entries(written)
        .filter(([, output]) => texts.some((text) => output.includes(text)))
        .map(([pipe]) => `secret ${index + 1} is in ${pipe}, ${form}`),
    ),
  );
}
