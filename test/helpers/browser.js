#!/usr/bin/env node
/**
 * Plays the browser that a program opens: the environment variable BROWSER names this file. It allows access, unless
 * DECISION is deny. The command lines of all processes, before and after, go to the file that SEEN names.
 */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

import { bring, decide } from './play-browser.js';

const { SEEN, DECISION } = process.env;

function notePrograms() {
  if (SEEN === undefined) return;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      appendFileSync(
        SEEN,
        `${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}\n`,
      );
    } catch {
      // It has ended meanwhile.
    }
  }
}

notePrograms();
const address = new URL(process.argv[2] ?? '');
await bring(await decide(address, DECISION === 'deny' ? 'deny' : 'allow'));
notePrograms();
