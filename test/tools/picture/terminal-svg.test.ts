import { expect, test } from '@jest/globals';

import { terminalSvg, textsOf } from './terminal-svg.ts';

test('The picture has the title and the lines, with the characters escaped that XML reserves', () => {
  const lines = ['$ tap > "x" && y', 'INFO <done> &lt;'];
  const svg = terminalSvg('a & b', [lines[0] ?? '', '', lines[1] ?? '']);
  expect(textsOf(svg)).toEqual(['a & b', ...lines]);
  expect(svg).toContain('>INFO &lt;done&gt; &amp;lt;</text>');
  expect(svg.match(/class="\w+"/g)).toEqual(['class="command"', 'class="log"']);
});

test('A long line continues in the next one', () => {
  const [, ...texts] = textsOf(terminalSvg('', ['x'.repeat(150)]));
  expect(texts.map(({ length }) => length)).toEqual([100, 50]);
});

test('A long line breaks before a word', () => {
  const [, ...texts] = textsOf(terminalSvg('', [`${'x'.repeat(90)} ${'y'.repeat(20)} z`]));
  expect(texts).toEqual(['x'.repeat(90), ` ${'y'.repeat(20)} z`]);
});
