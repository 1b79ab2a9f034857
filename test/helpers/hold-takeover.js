/**
 * Loaded before a program (`--import`): holds it right before it removes the dead lock of `tokens.json`, says so, and
 * lets it go once the file that GO names exists.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const { GO = '' } = process.env;
const { rmdir } = fs;
let isHeld = false;

fs.rmdir = (path, ...others) => {
  if (isHeld || !String(path).endsWith('tokens.json.lock')) return rmdir(path, ...others);
  isHeld = true;
  process.stderr.write('HELD\n');
  const timer = setInterval(() => {
    if (!fs.existsSync(GO)) return;
    clearInterval(timer);
    rmdir(path, ...others);
  }, 10);
};
syncBuiltinESMExports();
