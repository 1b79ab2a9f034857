/**
 * Marks text in messages that comes from outside: from a response, a file, a URL or the system. The marks are two
 * Unicode noncharacters, which are reserved for internal use. Before a message is written, the redactor masks secrets
 * between the marks and removes the marks.
 */
const start = '\uFDD0';
const end = '\uFDD1';

/** Marks text from outside for use in a message. Marks each line separately, because the message may be split. */
export function foreign(text: string): string {
  const lines = withoutMarks(text).split('\n');
  return lines.map((line) => `${start}${line}${end}`).join('\n');
}

/** Applies `change` to all marked text and removes the marks. */
export function mapForeign(message: string, change: (text: string) => string): string {
  // A truncated message may lack its last mark.
  const changed = message.replaceAll(/\uFDD0([^\uFDD1]*)\uFDD1?/g, (_, text: string) =>
    change(text),
  );
  return withoutMarks(changed);
}

export function withoutMarks(message: string): string {
  return message.replaceAll(/[\uFDD0\uFDD1]/g, '');
}
