/** A fenced block of a Markdown document. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** The heading above it and its first line, for the name of a test. */
  readonly title: string;
}

/** All fenced blocks, in order, without the indentation of a list. */
export function blocksOf(markdown: string): readonly Block[] {
  const fence = /^([ ]*)```(\w*)\n([\s\S]*?)^\1```$/gm;
  return [...markdown.matchAll(fence)].map(
    ({ 1: indent = '', 2: language = '', 3: body = '', index }) => {
      const before = markdown.slice(0, index);
      const heading = [...before.matchAll(/^#+ (.*)$/gm)].at(-1)?.[1] ?? '';
      const lines = body.split('\n').map((line) => line.slice(indent.length));
      return {
        language,
        text: lines.join('\n'),
        title: `${heading}, line ${before.split('\n').length}`,
      };
    },
  );
}

/** The text between a heading and the next one of the same level or a higher one. */
export function sectionOf(markdown: string, heading: string): string {
  const level = heading.indexOf(' ');
  const start = `\n${markdown}`.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`there is no heading "${heading}"`);
  const after = markdown.slice(start + heading.length);
  const end = after.search(new RegExp(`^#{1,${level}} `, 'm'));
  return end < 0 ? after : after.slice(0, end);
}

/** Cells of the rows of all tables, without header rows and rules. */
export function rowsOf(markdown: string): readonly (readonly string[])[] {
  const tables = [...markdown.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) => table);
  return tables.flatMap((table) =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map((row) =>
        row
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim()),
      ),
  );
}

/** The texts between single backticks. */
export function codeIn(markdown: string): readonly string[] {
  return [...markdown.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Targets of links and images, those in code left out. */
export function linksOf(markdown: string): readonly string[] {
  const prose = markdown.replaceAll(/^[ ]*```[\s\S]*?^[ ]*```$/gm, '').replaceAll(/`[^`\n]+`/g, '');
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target);
}

/** The anchors that GitHub and npm give to headings, each with its number sign. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const titles = Array.from(markdown.matchAll(/^#+ (.*)$/gm), ([, title = '']) => title);
  return new Set(
    titles.map(
      (title) =>
        `#${title
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-')}`,
    ),
  );
}
