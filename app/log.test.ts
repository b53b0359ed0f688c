import { expect, test } from '@jest/globals';
import { errorFacts } from './log.ts';

test('of an error only its own words are logged, not what libraries hang on it', () => {
  const lost = Object.assign(new Error('Connection terminated unexpectedly'), {
    code: '57P01',
    detail: 'Failing row contains (+12025550143)',
    client: { _activeQuery: { values: ['+12025550143'] } },
    response: { data: { resourceType: 'Patient', birthDate: '1959-03-14' } },
  });
  const facts = errorFacts(new Error('not stored', { cause: lost }));
  expect(facts).toMatchObject({ type: 'Error', message: 'not stored', cause: { code: '57P01' } });
  expect(JSON.stringify(facts)).not.toMatch(/2025550143|1959/);
});

test('what was thrown and is no error is not told', () => {
  expect(errorFacts('+12025550143')).toEqual({ type: 'string' });
});
