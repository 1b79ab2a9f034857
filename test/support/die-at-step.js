/**
 * Loaded before a program (`--import`): ends it by SIGKILL right before the n-th change to files whose path holds
 * DIE_IN, where n is DIE_AT. With 0 it lives, and its last line on stderr is the number of such changes.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const { DIE_IN = '', DIE_AT = '0' } = process.env;
/** By file descriptor: those of the files that are watched. */
const watched = new Set();
let steps = 0;

function step() {
  steps += 1;
  if (steps === Number(DIE_AT)) process.kill(process.pid, 'SIGKILL');
}

for (const name of ['open', 'write', 'fsync', 'chmod', 'rename', 'mkdir', 'rmdir', 'utimes']) {
  const original = fs[name];
  fs[name] = (target, ...others) => {
    const isRead = name === 'open' && others[0] !== 'w';
    const isMeant = watched.has(target) || (typeof target === 'string' && target.includes(DIE_IN));
    if (!isMeant || isRead) return original(target, ...others);
    step();
    if (name !== 'open') return original(target, ...others);
    const done = others.pop();
    return original(target, ...others, (error, fd) => {
      if (!error) watched.add(fd);
      done(error, fd);
    });
  };
}
syncBuiltinESMExports();
if (DIE_AT === '0') process.on('exit', () => process.stderr.write(`STEPS ${steps}\n`));
