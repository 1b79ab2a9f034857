/**
 * Loaded before a program (`--import`): suspends it before its first call of the file system's function CALL with a
 * path that ends with PLACE, reports it, and resumes when the file in GO exists.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const { CALL = '', PLACE = '', GO = '' } = process.env;
let isHeld = false;

async function hold(path) {
  if (isHeld || !String(path).endsWith(PLACE)) return;
  isHeld = true;
  process.stderr.write('HELD\n');
  while (!fs.existsSync(GO)) await sleep(10);
}

const withCallback = fs[CALL];
const withPromise = fs.promises[CALL];
fs[CALL] = (path, ...others) => void hold(path).then(() => withCallback(path, ...others));
fs.promises[CALL] = (path, ...others) => hold(path).then(() => withPromise(path, ...others));
syncBuiltinESMExports();
