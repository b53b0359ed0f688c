import { expect, test } from '@jest/globals';
import { readDialled } from './dial-plan.ts';

const read = (dialled: string) => readDialled(dialled, 'US', (number) => ['201', '911'].includes(number));

test.each([
  ['201', { kind: 'extension', extension: '201' }],
  ['911', { kind: 'emergency', service: '911' }],
  ['9911', { kind: 'emergency', service: '911' }],
  ['933', { kind: 'emergency', service: '933' }],
  ['2025550143', { kind: 'outside', number: '+12025550143' }],
  ['+442071838750', { kind: 'outside', number: '+442071838750' }],
  ['*8201', { kind: 'pickup', extension: '201' }],
  ['*8999', { kind: 'unknown' }],
  ['*701', { kind: 'parked', slot: '1' }],
  ['*700', { kind: 'unknown' }],
  ['999', { kind: 'unknown' }],
  ['alice', { kind: 'unknown' }],
])('%s', (dialled, meaning) => {
  expect(read(dialled)).toEqual(meaning);
});
