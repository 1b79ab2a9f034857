/** Every line of every verb through Airbyte's own models of its protocol. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { countsOf, secondReadOf, unexpectedValues } from '../expected.ts';
import { configuredCatalog, discovered, lastStates, messagesOf } from '../messages.ts';
import { recordsOf, statusesOf } from '../messages.ts';
import { runWell } from '../programs.ts';
import { airbyteConfig, runSource, sourceProgram } from '../stage.ts';
import type { Files, Row, Sandbox } from '../stage.ts';
import type { Message } from '../messages.ts';

const validator = fileURLToPath(new URL('protocol_models.py', import.meta.url));

function counted(messages: readonly Message[]) {
  const records = Object.entries(recordsOf(messages));
  return Object.fromEntries(records.map(([stream, { length }]) => [stream, length]));
}

function withoutZeros(counts: Readonly<Record<string, number>>) {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** A state counts the records since the one before it, so that nothing can get lost unseen. */
function checkStates(messages: readonly Message[]) {
  const claimed: Record<string, number> = {};
  for (const { state } of messages) {
    if (state === undefined) continue;
    const { name } = state.stream.stream_descriptor;
    claimed[name] = (claimed[name] ?? 0) + (state.sourceStats?.recordCount ?? Number.NaN);
  }
  deepEqual(withoutZeros(claimed), counted(messages), 'recordCount of the states');
}

/** Runs verbs of the source and keeps what they write, each in a file. */
function createRecorder(folder: string, sandbox: Sandbox) {
  const files: string[] = [];
  return {
    files,
    /** @param code What it must end with. */
    async run(verb: string, inputs: Files, code: number = 0) {
      const result = await runSource([sourceProgram], verb, inputs, { folder, sandbox });
      const file = join(folder, `${files.length + 1}-${verb}.jsonl`);
      await writeFile(file, result.stdout);
      files.push(file);
      equal(result.code, code, `${verb}: ${result.stderr}${result.stdout.slice(-2000)}`);
      if (code === 0) equal(result.stderr, '', `${verb} writes to stderr`);
      return messagesOf(result.stdout);
    },
  };
}

type Recorder = ReturnType<typeof createRecorder>;

async function runVerbs(recorder: Recorder, sandbox: Sandbox) {
  const config = airbyteConfig(sandbox);
  const refused = {
    ...config,
    credentials: { ...config.credentials, access_token: 'wrong-token' },
  };
  const spec = await recorder.run('spec', {});
  equal(spec.filter(({ type }) => type === 'SPEC').length, 1, 'one SPEC');
  for (const [given, status] of [
    [config, 'SUCCEEDED'],
    [refused, 'FAILED'],
  ] as const) {
    const check = await recorder.run('check', { config: given });
    const told = check.flatMap(({ connectionStatus }) => connectionStatus?.status ?? []);
    deepEqual(told, [status]);
  }
  return { config, streams: discovered(await recorder.run('discover', { config })) };
}

async function runReads(recorder: Recorder, sandbox: Sandbox) {
  const { config, streams } = await runVerbs(recorder, sandbox);
  const catalog = configuredCatalog(streams);
  const whole = await recorder.run('read', { config, catalog });
  deepEqual(counted(whole), countsOf(sandbox), 'records of a first read');
  checkStates(whole);
  const state = lastStates(whole).map((last) => ({ type: 'STREAM', stream: last.stream }));
  equal(state.length, streams.length, 'each stream has a state');
  const resumed = await recorder.run('read', { config, catalog, state });
  deepEqual(counted(resumed), withoutZeros(secondReadOf(sandbox)), 'records of a resumed read');
  checkStates(resumed);
  sandbox.faults.set([{ path: '=goals', fault: { kind: 'status', status: 400 } }]);
  const failed = await recorder.run('read', { config, catalog }, 1);
  checkFailure(failed, sandbox);
  return whole.length + resumed.length + failed.length;
}

function checkFailure(messages: readonly Message[], sandbox: Sandbox) {
  const { goals: _none, ...others } = countsOf(sandbox);
  deepEqual(counted(messages), others, 'records beside a failing stream');
  checkStates(messages);
  for (const [stream, statuses] of Object.entries(statusesOf(messages))) {
    equal(statuses[0], 'STARTED', stream);
    equal(statuses.at(-1), stream === 'goals' ? 'INCOMPLETE' : 'COMPLETE', stream);
  }
  const errors = messages.flatMap(({ trace }) => trace?.error ?? []);
  // One belongs to the stream, and one to the run that fails with it.
  deepEqual(
    errors.map(({ stream_descriptor: stream }) => stream?.name),
    ['goals', undefined],
  );
  for (const { message } of errors) match(message, /goals.* 400 /);
}

export const protocolModels: Row = {
  name: 'airbyte-protocol-models 0.18.0',
  consumers: ['airbyte-protocol-models'],
  async run(stage) {
    const { python } = await stage.environment('airbyte-protocol-models');
    const sandbox = await stage.account({ chats: 120, timeline: 40, hostile: unexpectedValues });
    const recorder = createRecorder(await stage.folder(), sandbox);
    await runReads(recorder, sandbox);
    const told = JSON.parse(await runWell(python, [validator, ...recorder.files]));
    deepEqual(told.faults, [], 'lines that Airbyte does not accept');
    return `${told.lines} lines of spec, check, discover and three reads`;
  },
};
