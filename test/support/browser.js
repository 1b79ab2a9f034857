#!/usr/bin/env node
/**
 * Plays the browser that a program opens: the environment variable BROWSER names this file. It allows access, unless
 * DECISION is deny.
 */
import process from 'node:process';

import { bring, decide } from './play-browser.js';

const address = new URL(process.argv[2] ?? '');
await bring(await decide(address, process.env['DECISION'] === 'deny' ? 'deny' : 'allow'));
