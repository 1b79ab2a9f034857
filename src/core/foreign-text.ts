/**
 * Text that is not the program's own: of an answer, a file, an address, the system. A message marks it where it inserts
 * it, with two noncharacters of Unicode, which are for internal use. Before a message leaves the program, the redactor
 * looks for secrets between the marks and takes the marks out.
 */
const start = '\uFDD0';
const end = '\uFDD1';

/** Marks a text from outside for a message, line by line: a message may be split into its lines. */
export function foreign(text: string): string {
  const lines = withoutMarks(text).split('\n');
  return lines.map((line) => `${start}${line}${end}`).join('\n');
}

/** The message with `change` made to all text from outside, and without marks. */
export function mapForeign(message: string, change: (text: string) => string): string {
  // A message that was cut may have lost its last mark.
  const changed = message.replaceAll(/\uFDD0([^\uFDD1]*)\uFDD1?/g, (_, text: string) =>
    change(text),
  );
  return withoutMarks(changed);
}

export function withoutMarks(message: string): string {
  return message.replaceAll(/[\uFDD0\uFDD1]/g, '');
}
