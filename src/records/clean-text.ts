/** Can every target store the text as it is: no NUL, no half of a surrogate pair? */
export function isCleanText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** The text without NUL, and with U+FFFD for each half of a surrogate pair. */
export function cleanText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
