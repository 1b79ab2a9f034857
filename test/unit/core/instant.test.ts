import { expect, test } from '@jest/globals';

import {
  epochToMicros,
  instantToMicros,
  microsToInstant,
  normalizeInstant,
  timeToMicros,
} from '../../../src/core/instant.ts';

test.each([
  ['whole seconds', '2024-05-06T07:08:09Z', '2024-05-06T07:08:09Z'],
  ['six fraction digits', '2024-05-06T07:08:09.000010Z', '2024-05-06T07:08:09.000010Z'],
  ['a zero fraction', '2024-05-06T07:08:09.000000Z', '2024-05-06T07:08:09.000000Z'],
  ['three fraction digits', '2024-05-06T07:08:09.120Z', '2024-05-06T07:08:09.120Z'],
  ['nine fraction digits', '2024-05-06T07:08:09.123456789Z', '2024-05-06T07:08:09.123456789Z'],
  ['a comma before the fraction', '2024-05-06T07:08:09,50Z', '2024-05-06T07:08:09.50Z'],
  ['a fraction and an offset', '2024-05-06T07:08:09.000+02:00', '2024-05-06T05:08:09.000Z'],
  ['an offset', '2024-05-06T07:08:09+05:30', '2024-05-06T01:38:09Z'],
  ['an offset that moves the day back', '2024-03-01T00:30:00+01:00', '2024-02-29T23:30:00Z'],
  ['a negative offset without a colon', '2024-12-31T23:30:00-0100', '2025-01-01T00:30:00Z'],
  ['an offset of hours alone', '2024-05-06T07:08:09+02', '2024-05-06T05:08:09Z'],
  ['an offset and a Z', '2024-05-06T07:08:09+00:00Z', '2024-05-06T07:08:09Z'],
  ['no zone, which means UTC', '2024-05-06T07:08:09', '2024-05-06T07:08:09Z'],
  ['a blank for the T', '2024-05-06 07:08:09', '2024-05-06T07:08:09Z'],
  ['small letters', '2024-05-06t07:08:09z', '2024-05-06T07:08:09Z'],
  ['no seconds', '2024-05-06T07:08Z', '2024-05-06T07:08:00Z'],
  ['a date alone', '2024-05-06', '2024-05-06T00:00:00Z'],
  ['blanks around', ' 2024-05-06T07:08:09Z ', '2024-05-06T07:08:09Z'],
  ['29 February of a leap year', '2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
  ['29 February of a century with a leap day', '2000-02-29T00:00:00Z', '2000-02-29T00:00:00Z'],
  ['the last day of a long month', '2024-01-31T23:59:59Z', '2024-01-31T23:59:59Z'],
  ['the last day of a short month', '2024-04-30T23:59:59Z', '2024-04-30T23:59:59Z'],
  ['the first instant', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ['the last instant', '9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ['a year before 100', '0050-06-07T00:00:00+00:00', '0050-06-07T00:00:00Z'],
  ['ten digits, which are seconds', 1714979289, '2024-05-06T07:08:09Z'],
  ['thirteen digits, which are milliseconds', 1714979289120, '2024-05-06T07:08:09.120000Z'],
  ['sixteen digits, which are microseconds', 1714979289123456, '2024-05-06T07:08:09.123456Z'],
  ['ten digits in text', '1714979289', '2024-05-06T07:08:09Z'],
])('a time with %s is written as an instant', (_what, value, expected) => {
  expect(normalizeInstant(value)).toBe(expected);
});

test.each([
  ['nothing', ''],
  ['a word', 'yesterday'],
  ['a month that does not exist', '2024-13-01T00:00:00Z'],
  ['month 0', '2024-00-10T00:00:00Z'],
  ['day 0', '2024-01-00T00:00:00Z'],
  ['30 February', '2024-02-30T00:00:00Z'],
  ['29 February of a common year', '2023-02-29T00:00:00Z'],
  ['29 February of a century without a leap day', '1900-02-29T00:00:00Z'],
  ['31 April', '2024-04-31T00:00:00Z'],
  ['hour 24', '2024-01-01T24:00:00Z'],
  ['minute 60', '2024-01-01T00:60:00Z'],
  ['a leap second', '2016-12-31T23:59:60Z'],
  ['an offset of 24 hours', '2024-01-01T00:00:00+24:00'],
  ['an offset of 60 minutes', '2024-01-01T00:00:00+00:60'],
  ['ten fraction digits', '2024-01-01T00:00:00.1234567890Z'],
  ['a dot without a fraction', '2024-01-01T00:00:00.Z'],
  ['a letter among the digits', '202a-01-01T00:00:00Z'],
  ['a letter for a fraction digit', '2024-01-01T00:00:00.12345aZ'],
  ['digits of another script', '２０２４-01-01T00:00:00Z'],
  ['wrong separators', '2024/01/01T00.00.00Z'],
  ['the year 0', '0000-01-01T00:00:00Z'],
  ['a year of five digits', '12024-01-01T00:00:00Z'],
  ['an offset that leaves the year 9999', '9999-12-31T23:59:59-01:00'],
  ['an offset that leaves the year 1', '0001-01-01T00:00:00+01:00'],
  ['eight digits, which may be a date', 20240101],
  ['nine digits', 999999999],
  ['eleven digits', 17149792890],
  ['digits that begin with zero', '0714979289'],
  ['digits with a fraction', 1714979289.5],
  ['negative digits', -1714979289],
  ['a number that reading has rounded', Number.MAX_SAFE_INTEGER + 1],
  ['true', true],
  ['an American date', '12/01/2010'],
  ['more text behind', '2024-01-01T00:00:00Z!'],
])('%s is no instant', (_what, value) => {
  expect(normalizeInstant(value)).toBeUndefined();
});

test.each([
  ['1970-01-01T00:00:00Z', 0],
  ['1970-01-01T00:00:00.000001Z', 1],
  ['1969-12-31T23:59:59.999999Z', -1],
  ['2024-05-06T07:08:09.123456Z', 1714979289123456],
])('%s and its microseconds say the same', (text, micros) => {
  expect(instantToMicros(text)).toBe(micros);
  expect(microsToInstant(micros)).toBe(text);
});

test.each([['yesterday'], ['1714979289']])('%s is no ISO form', (text) => {
  expect(instantToMicros(text)).toBeUndefined();
});

test.each([
  ['an ISO form', '2024-05-06T09:08:09.5+02:00', 1714979289500000],
  ['nine fraction digits', '2024-05-06T07:08:09.123456789Z', 1714979289123456],
  ['seconds', 1714979289, 1714979289000000],
  ['milliseconds', '1714979289120', 1714979289120000],
  ['a year, which is no time', 2024, undefined],
  ['null', null, undefined],
])('the microseconds of a time in %s', (_what, value, micros) => {
  expect(timeToMicros(value)).toBe(micros);
});

test.each([
  ['0', 0],
  ['12345678901', 12345678901000000],
  ['123456789012', 123456789012000],
  ['12345678901234', 12345678901234000],
  ['123456789012345', 123456789012345],
  ['123456789012345678', undefined],
  ['-1', undefined],
  ['1.5', undefined],
])('the microseconds of the digits %s', (digits, micros) => {
  expect(epochToMicros(digits)).toBe(micros);
});

test('microseconds after the year 9999 are rejected', () => {
  expect(() => microsToInstant(253402300800000000)).toThrow(
    new RangeError('253402300800000000 microseconds is outside the years 1 to 9999'),
  );
});
