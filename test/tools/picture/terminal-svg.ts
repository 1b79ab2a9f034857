const columns = 100;
const characterWidth = 8;
const lineHeight = 18;
const margin = 20;
const titleHeight = 30;

const style = [
  'text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #d0d7de; white-space: pre; }',
  '.command { fill: #7ee787; font-weight: bold; }',
  '.log { fill: #8b949e; }',
].join(' ');

const entities: readonly (readonly [string, string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
];

function escapeXml(text: string): string {
  return entities.reduce((escaped, pair) => escaped.replaceAll(...pair), text);
}

/** The texts of a picture, the title first. A long line is several texts. */
export function textsOf(svg: string): readonly string[] {
  const texts = svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g);
  return Array.from(texts, ([, escaped = '']) =>
    entities.reduceRight(
      (text, [character, entity]) => text.replaceAll(entity, character),
      escaped,
    ),
  );
}

/** Breaks a line at the width of the terminal, before a space if there is one. An empty line stays. */
function wrap(line: string): readonly string[] {
  return line.match(new RegExp(`.{1,${columns}}(?= |$)|.{1,${columns}}`, 'gu')) ?? [''];
}

function classOf(line: string): string {
  if (line.startsWith('$ ')) return ' class="command"';
  return /^(?:DEBUG|INFO|WARNING|ERROR) /.test(line) ? ' class="log"' : '';
}

/**
 * A picture of a terminal.
 * @param title The title of the window.
 * @param lines Text without control characters.
 * @returns an SVG document
 */
export function terminalSvg(title: string, lines: readonly string[]): string {
  const rows = lines.flatMap((line) =>
    wrap(line).map((text) => ({ text, attribute: classOf(line) })),
  );
  const width = columns * characterWidth + 2 * margin;
  const height = titleHeight + rows.length * lineHeight + 2 * margin;
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (color, place) => `<circle cx="${margin + place * 18}" cy="18" r="6" fill="${color}"/>`,
  );
  const texts = rows.flatMap(({ text, attribute }, place) => {
    const y = titleHeight + margin + (place + 1) * lineHeight - 5;
    return text === ''
      ? []
      : [`<text x="${margin}" y="${y}"${attribute}>${escapeXml(text)}</text>`];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${style}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    ...dots,
    `<text x="${width / 2}" y="22" text-anchor="middle">${escapeXml(title)}</text>`,
    ...texts,
    '</svg>',
    '',
  ].join('\n');
}
