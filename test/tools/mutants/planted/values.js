/** Values of records: unknown fields, too many levels, and accepted failures. */
import { testsOf } from '../mutant.js';

/** @type {readonly import('../mutant.js').Mutant[]} */
export const valueMutants = [
  {
    name: 'an unknown field below the top level is lost',
    file: 'src/records/object-coercer.ts',
    search: 'if (property === undefined) keepUnknownField(old, [...path, key], warnings);',
    replacement: '',
    killers: testsOf(
      'unit/records/coercion',
      'an unknown key inside an object is kept in additional_fields',
    ),
  },
  {
    name: 'a value of any depth is traversed by recursion',
    file: 'src/records/clean-value.ts',
    search: 'if (isTooDeep(value)) return deepJsonText(value, cleanScalar);',
    replacement: '',
    killers: testsOf('no-invention/hostile', 'a value of 200,000 levels is kept as JSON text'),
  },
  {
    name: 'a converted time loses its fraction',
    file: 'src/core/instant.ts',
    search: "{ seconds, fraction: match[7] ?? '' }",
    replacement: "{ seconds, fraction: '' }",
    killers: testsOf('unit/core/instant', 'a time with a fraction and an offset'),
  },
  {
    name: 'values kept from an item that is left out appear in the next record',
    file: 'src/records/coercion.ts',
    search: 'warnings.takeRaw();\n      throw error;',
    replacement: 'throw error;',
    killers: testsOf('reporting/tolerance', 'do not appear in the next record'),
  },
  {
    name: 'a run without any readable stream succeeds',
    file: 'src/cli/run-report.ts',
    search:
      'if (first === undefined || results.some((result) => isRead(result))) return undefined;',
    replacement: 'if (first === undefined || results.length > 0) return undefined;',
    killers: testsOf('reporting/tolerance', 'a run without any readable stream fails'),
  },
  {
    name: 'a list of fields lacks required fields',
    file: 'src/zendesk/export/fields.ts',
    search: 'new Set([...requiredFields, ',
    replacement: 'new Set([',
    killers: testsOf('no-invention/fields', 'What identifies a timespan is requested'),
  },
  {
    name: 'a rejected list of fields ends the stream',
    file: 'src/zendesk/export/fields.ts',
    search: 'return this.#drop(`rejects',
    replacement: 'return status === 0 && this.#drop(`rejects',
    killers: testsOf('no-invention/fields', 'A list that the API rejects is replaced'),
  },
];
