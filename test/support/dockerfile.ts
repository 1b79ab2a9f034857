/** Reads the parts of a Dockerfile that ours uses. What it does not know is an error, never passed over. */

export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** The rest on one line, as a build would see it. */
  readonly text: string;
}

export interface Stage {
  readonly image: string;
  /** The name other stages copy from it by; `''`: none. */
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

const known = new Set(['FROM', 'RUN', 'COPY', 'WORKDIR', 'USER', 'ENV', 'ENTRYPOINT', 'LABEL']);

function instructionsOf(text: string): readonly Instruction[] {
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      if (!known.has(name)) throw new Error(`no instruction this parser knows: ${line}`);
      return { name, text: rest };
    });
}

/** The stages in their order; the last one is the image. */
export function stagesOf(text: string): readonly Stage[] {
  const all = instructionsOf(text);
  const starts = all.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []));
  if (starts[0] !== 0) throw new Error('a Dockerfile begins with FROM');
  return starts.map((start, index) => {
    const from = all[start]?.text ?? '';
    const [, image = '', name = ''] = /^(?:--platform=\S+ )?(\S+)(?: AS (\S+))?$/.exec(from) ?? [];
    if (image === '') throw new Error(`FROM ${from} cannot be understood`);
    return { image, name, instructions: all.slice(start + 1, starts[index + 1]) };
  });
}

/** What the instructions of this name say, each one's text. */
export function textsOf({ instructions }: Stage, name: string): readonly string[] {
  return instructions.filter((one) => one.name === name).map(({ text }) => text);
}

/** KEY=value and KEY="value" of all ENV or LABEL instructions. */
export function pairsOf(stage: Stage, name: 'ENV' | 'LABEL'): Readonly<Record<string, string>> {
  const pair = /([\w.]+)=(?:"([^"]*)"|(\S+))\s*/y;
  const pairs: Record<string, string> = {};
  for (const text of textsOf(stage, name)) {
    pair.lastIndex = 0;
    while (pair.lastIndex < text.length) {
      const [, key = '', quoted, plain = ''] = pair.exec(text) ?? [];
      if (key === '') throw new Error(`${name} ${text} cannot be understood`);
      pairs[key] = quoted ?? plain;
    }
  }
  return pairs;
}

/** The words of the entry point, which must be in the form that no shell takes apart. */
export function entryPointOf(stage: Stage): readonly string[] {
  const [text = '', ...more] = textsOf(stage, 'ENTRYPOINT');
  if (more.length > 0) throw new Error('there is more than one ENTRYPOINT');
  return JSON.parse(text);
}

/** Names at the top of the clone that a build is given: `.dockerignore` ignores all and names exceptions. */
export function contextOf(dockerignore: string): readonly string[] {
  const [all, ...names] = dockerignore
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (all !== '*' || !names.every((name) => /^![\w.-]+$/.test(name)))
    throw new Error('.dockerignore has another form than "*" and then "!NAME" on each line');
  return names.map((name) => name.slice(1));
}
