import { expect, test } from '@jest/globals';

import { foreign } from '../../../src/core/foreign-text.ts';
import { TapError } from '../../../src/core/errors.ts';
import { createLogger, loggingFromEnv } from '../../../src/core/logger.ts';
import type { Logger, LoggerOptions } from '../../../src/core/logger.ts';

interface Written {
  readonly logger: Logger;
  readonly lines: string[];
}

function logTo(options: Partial<LoggerOptions> = {}, secrets: readonly string[] = []): Written {
  const lines: string[] = [];
  const logger = createLogger({
    write: (line) => lines.push(line),
    format: 'text',
    level: 'info',
    now: () => 1_700_000_000_250,
    name: 'tap-zendesk-chat',
    pid: 42,
    ...options,
  });
  logger.addSecrets(secrets);
  return { logger, lines };
}

test.each([
  ['debug', ['DEBUG a\n', 'INFO b\n']],
  ['error', []],
] as const)('At the level %s each message from it on is one line', (level, first) => {
  const { logger, lines } = logTo({ level });
  logger.debug('a');
  logger.info('b', { stream: 'chats' });
  logger.setLevel('warning');
  logger.info('c');
  logger.warning('d');
  logger.error('e');
  logger.critical('f');
  expect(lines).toEqual([...first, 'WARNING d\n', 'ERROR e\n', 'CRITICAL f\n']);
});

const counter = { type: 'counter', metric: 'n', value: 1, tags: {} } as const;

test.each([
  ['text', undefined, false],
  ['text', true, true],
  ['json', undefined, true],
  ['json', false, false],
] as const)('In %s with metrics %s: METRIC lines are written: %s', (format, isOn, isWritten) => {
  const { logger, lines } = logTo();
  logger.setFormat(format);
  if (isOn !== undefined) logger.setMetrics(isOn);
  logger.metric(counter);
  expect(lines).toHaveLength(isWritten ? 1 : 0);
});

test('A text line has its time after the level, and a METRIC line has none', () => {
  const { logger, lines } = logTo({ hasTimestamps: true });
  logger.setMetrics(true);
  logger.critical('no token');
  logger.metric(counter);
  expect(lines).toEqual([
    'CRITICAL 2023-11-14T22:13:20Z no token\n',
    'INFO METRIC: {"type":"counter","metric":"n","value":1,"tags":{}}\n',
  ]);
});

test('A message of several lines becomes one, without control characters', () => {
  const { logger, lines } = logTo();
  logger.info(' first.\r\n  second.\n\nthird\u001B[31m\u2028red\t.\n');
  expect(lines).toEqual(['INFO first. second. third [31m red .\n']);
});

test('In JSON each line is an object with all keys that Meltano requires', () => {
  const { logger, lines } = logTo();
  logger.setFormat('json');
  logger.critical('no\ntoken');
  logger.info('hi', { stream: 'chats' });
  expect(lines).toEqual([
    '{"level":"critical","pid":42,"logger_name":"tap-zendesk-chat","ts":1700000000.25,"thread_name":"MainThread","app_name":"tap-zendesk-chat","stream_name":null,"message":"no\\ntoken","extra":{}}\n',
    '{"level":"info","pid":42,"logger_name":"tap-zendesk-chat","ts":1700000000.25,"thread_name":"MainThread","app_name":"tap-zendesk-chat","stream_name":"chats","message":"hi","extra":{}}\n',
  ]);
});

test('In JSON a metric is also in metric_info and names its stream', () => {
  const { logger, lines } = logTo({ format: 'json' });
  const metric = { type: 'counter', metric: 'record_count', value: 7, tags: { stream: 'bans' } };
  logger.metric({ ...metric, type: 'counter' });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    stream_name: 'bans',
    message: `METRIC: ${JSON.stringify(metric)}`,
    metric_info: metric,
  });
});

const secret = 'se/cr"et+1';

test.each([
  ['as it is', `token ${secret}.`, 'token ***.'],
  ['in a URL', `?t=${encodeURIComponent(secret)}&a=1`, '?t=***&a=1'],
  ['in JSON', JSON.stringify({ t: secret }), '{"t":"***"}'],
  ['in base64', `x ${Buffer.from(secret).toString('base64')}`, 'x ***=='],
  ['in base64 for URLs', `x ${Buffer.from(secret).toString('base64url')} y`, 'x *** y'],
  ['twice', `${secret}${secret}`, '******'],
  [
    'as another bearer token',
    'authorization: Bearer aB1-._~+/=x, next',
    'authorization: Bearer ***, next',
  ],
  ['as its own bearer token', `Bearer ${secret}`, 'Bearer ***'],
  ['nowhere', 'nothing secret', 'nothing secret'],
])('A secret is not printed: %s', (_where, message, expected) => {
  const { logger, lines } = logTo({}, [secret]);
  logger.info(message);
  expect(lines).toEqual([`INFO ${expected}\n`]);
});

test('A secret is masked in every part of a JSON line, which stays JSON', () => {
  const { logger, lines } = logTo({ format: 'json' }, [secret]);
  logger.info(`a ${secret}`, { stream: secret });
  logger.metric({ type: 'counter', metric: 'n', value: 1, tags: { a: [secret, { b: secret }] } });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: 'a ***', stream_name: '***' });
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({
    metric_info: { tags: { a: ['***', { b: '***' }] } },
  });
});

test('Secrets are masked from the moment they are known, a longer one before its part', () => {
  const { logger, lines } = logTo();
  logger.info('abcd abcdef');
  logger.addSecrets(['abcd']);
  logger.addSecrets(['abcdef', 'xyz', '']);
  logger.info(foreign('abcd abcdef xyz'));
  expect(lines).toEqual(['INFO abcd abcdef\n', 'INFO *** *** ***\n']);
});

test.each(['token', 'a', 'access_token', 'The access', 'refused'])(
  'A secret that is a word, %j, is only masked in text from outside',
  (word) => {
    const { logger, lines } = logTo({}, [word]);
    const own = 'The access token is refused. Set access_token again';
    logger.error(`${own} (${foreign(`no ${word}`)}). ${own}.`);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^ERROR The access .* again \(.*\*{3}.*\)\. The access .* again\.\n$/);
    expect(lines[0]?.split(own)).toHaveLength(3);
    expect(lines[0]?.replaceAll(own, '')).not.toContain(word);
  },
);

test('A marked text that was truncated is searched to its end, and no mark is written', () => {
  const { logger, lines } = logTo({}, ['xyz']);
  logger.info(foreign('a xyz\nb xyz').slice(0, -1));
  logger.info(foreign(`c ${foreign('xyz')} d`));
  expect(lines).toEqual(['INFO a *** b ***\n', 'INFO c *** d\n']);
});

test('The stack of a foreign error contains no secret, whatever its length', () => {
  const { logger, lines } = logTo({ level: 'debug' }, ['xyz']);
  const error = new TapError('the xyz', { kind: 'system', cause: new Error('is xyz') });
  logger.error('it failed', { error });
  const messages = lines.filter((line) => line.includes('Error: '));
  expect(messages).toEqual(['DEBUG TapError: the xyz\n', 'DEBUG Caused by: Error: is ***\n']);
});

function failure(): Error {
  const cause = new Error(`inner ${secret}`);
  cause.stack = `Error: inner ${secret}\n    at b (b.ts:2:2)`;
  const error = new Error('outer', { cause });
  error.stack = 'Error: outer\n    at a (a.ts:1:1)';
  return error;
}

test('At debug level an error is logged with its stack and causes, and its message last', () => {
  const { logger, lines } = logTo({ level: 'debug' }, [secret]);
  logger.critical('It failed.', { error: failure() });
  expect(lines).toEqual([
    'DEBUG Error: outer\n',
    'DEBUG at a (a.ts:1:1)\n',
    'DEBUG Caused by: Error: inner ***\n',
    'DEBUG at b (b.ts:2:2)\n',
    'CRITICAL It failed.\n',
  ]);
});

test('A long run of spaces in a message takes no time', () => {
  const { logger, lines } = logTo();
  logger.info(`a${' '.repeat(200_000)}\n${' '.repeat(1_000_000)}b`);
  expect(lines[0]).toHaveLength('INFO a'.length + 1999 + '…\n'.length);
});

test('A long message is truncated, but not inside a secret', () => {
  const { logger, lines } = logTo({}, ['hunter2']);
  logger.info(`${'x'.repeat(1997)}hunter2${'x'.repeat(1_000_000)}`);
  expect(lines).toEqual([`INFO ${'x'.repeat(1997)}***…\n`]);
  expect(logger.redact('y'.repeat(3000))).toBe(`${'y'.repeat(2000)}…`);
});

test('At most six errors of a circular chain of causes are logged', () => {
  const { logger, lines } = logTo({ level: 'debug' });
  const error = new Error('ring');
  error.stack = 'Error: ring';
  error.cause = error;
  logger.error('It failed.', { error });
  expect(lines).toHaveLength(7);
});

test('A thrown value without a stack can be logged', () => {
  const { logger, lines } = logTo({ level: 'debug' });
  const bare = Object.assign(Object.create(null), { stack: undefined, message: 'm' });
  logger.error('It failed.', { error: 'text' });
  logger.error('It failed.', { error: bare });
  expect(lines).toEqual(['ERROR It failed.\n', 'DEBUG m\n', 'ERROR It failed.\n']);
});

const nothing = async (): Promise<string> => {
  throw new Error('It is not there.');
};

test.each([
  [{}, 'info'],
  [{ LOGLEVEL: '' }, 'info'],
  [{ LOGLEVEL: 'DEBUG' }, 'debug'],
  [{ LOGLEVEL: ' Warn ' }, 'warning'],
  [{ LOGLEVEL: 'warning' }, 'warning'],
  [{ LOGLEVEL: 'FATAL' }, 'critical'],
  [{ LOGLEVEL: 'NOTSET' }, 'debug'],
  [{ LOGLEVEL: 'debug', TAP_ZENDESK_CHAT_LOGLEVEL: 'error' }, 'error'],
])('With the environment %j the level is %s', async (env, level) => {
  expect(await loggingFromEnv(env, nothing)).toEqual({ level, format: 'text', warnings: [] });
});

test('An unknown level causes a warning and means info', async () => {
  expect(await loggingFromEnv({ LOGLEVEL: 'constructor' }, nothing)).toEqual({
    level: 'info',
    format: 'text',
    warnings: [
      'LOGLEVEL is a string of 11 characters, which is no level: write debug, info, warning, error, critical.',
    ],
  });
});

const structured = `version: 1
formatters:
  structured:
    (): singer_sdk.logging.StructuredFormatter
root:
  # level: ERROR
  handlers: [default]

  level: DEBUG
`;

test.each([
  ['Meltano for a plugin that can', structured, 'debug', 'json'],
  ['Meltano for one that cannot', 'formatters:\n  default:\n    format: "a"\n', 'info', 'text'],
  ['a hand, in flow style', 'root: {handlers: [a], level: "ERROR"}\n', 'error', 'text'],
  ['a program, as JSON', '{"root": {"level": "WARNING", "handlers": []}}', 'warning', 'text'],
  ['a hand, for another logger', 'root:\n  a: b\nx:\n  level: DEBUG\n', 'info', 'text'],
  ['hand-written, with an unknown level', 'root:\n  level: LOUD\n', 'info', 'text'],
])('A logging file written by %s is accepted', async (_who, text, level, format) => {
  const settings = await loggingFromEnv({ SINGER_SDK_LOG_CONFIG: '/run/log.yml' }, async (path) =>
    path === '/run/log.yml' ? text : '',
  );
  expect(settings).toEqual({ level, format, warnings: [] });
  const env = { SINGER_SDK_LOG_CONFIG: 'log.yml', LOGLEVEL: 'error' };
  expect(await loggingFromEnv(env, async () => text)).toMatchObject({ level: 'error', format });
});

test('A logging file that cannot be read causes a warning', async () => {
  expect(await loggingFromEnv({ SINGER_SDK_LOG_CONFIG: 'no.yml' }, nothing)).toEqual({
    level: 'info',
    format: 'text',
    warnings: ['It is not there. Logs are plain text.'],
  });
});

test('Lines of another protocol keep their format, regardless of the config', () => {
  const { logger, lines } = logTo({ format: (level, message) => `<${level}|${message}>` });
  logger.addSecrets(['hunter2']);
  logger.setFormat('json');
  logger.warning('the password is hunter2');
  expect(lines).toEqual(['<warning|the password is ***>\n']);
  expect(logger.redact('hunter2 again')).toBe('*** again');
});
