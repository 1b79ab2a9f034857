/**
 * A source that runs the script in its config: `{"script": [step, ...]}`. A step is one of
 * {say: message}, {write: text}, {complain: text for stderr}, {pauseMs}, {touch: file}, {flood: lines}, {exit: code}.
 * Messages without a time get the current time.
 */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const config = process.argv[process.argv.indexOf('--config') + 1] ?? '';
const { script } = JSON.parse(readFileSync(config, 'utf8'));

function stamped(message) {
  const timed = message.record ?? message.trace;
  if (timed !== undefined) timed.emitted_at ??= Date.now();
  return message;
}

const steps = {
  say: (message) => writeSync(1, `${JSON.stringify(stamped(message))}\n`),
  write: (text) => writeSync(1, text),
  complain: (text) => writeSync(2, text),
  pauseMs: (time) => delay(time),
  touch: (file) => writeFileSync(file, 'something'),
  // What Node keeps in memory for a slow reader is lost when the process is ended by force.
  flood: (lines) => {
    for (const line of lines) process.stdout.write(`${JSON.stringify(stamped(line))}\n`);
  },
  exit: (code) => {
    // oxlint-disable-next-line unicorn/no-process-exit -- this is the mistake it makes
    process.exit(code);
  },
};

for (const step of script) {
  const [[name, value]] = Object.entries(step);
  await steps[name](value);
}
