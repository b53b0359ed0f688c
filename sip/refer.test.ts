import { expect, test } from '@jest/globals';
import { readReferTo } from './refer.ts';

test.each<[string, unknown]>([
  ['<sip:220@clinic.example>', { user: '220', replaces: null }],
  ['sip:220@clinic.example', { user: '220', replaces: null }],
  [
    '<sip:220@clinic.example?Replaces=a84b4c%40pc33%3Bto-tag%3D7743%3Bfrom-tag%3D6472>',
    { user: '220', replaces: { sipCallId: 'a84b4c@pc33', toTag: '7743', fromTag: '6472' } },
  ],
  ['<sip:220@clinic.example?Replaces=a84b4c%40pc33>', null],
  ['<sip:220@clinic.example?Replaces=%E0%A4%A>', null],
  ['nobody', null],
])('%s', (header, target) => {
  expect(readReferTo(header)).toEqual(target);
});
