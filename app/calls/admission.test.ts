import { describe, expect, test } from '@jest/globals';
import type { E164 } from '../../sip/address.ts';
import { admit } from './admission.ts';
import type { Line, Phones, Trunk } from './deps.ts';

const line: Line = {
  number: '+12025550100' as E164,
  name: 'Main',
  language: 'en',
  record: true,
  menu: null,
  place: 'US-MD',
};
const trunk: Trunk = { name: 'carrier', region: 'US', callerHeaders: ['From'], trusted: true, maxChannels: 2 };
const phones: Phones = {
  region: 'US',
  line: (number) => (number === line.number ? line : null),
  trunkAt: (address) => (address === '192.0.2.1' ? trunk : null),
  isExtension: () => false,
  extension: () => null,
  outboundTrunks: [],
  secretsOf: () => null,
  personAt: () => null,
  staff: () => [],
  strategyOf: () => 'ring-all',
};
const invite = (more: object = {}) => ({
  dialled: '+12025550100',
  source: { address: '192.0.2.1', port: 5060, protocol: 'udp' },
  headers: (name: string) => (name === 'From' ? '<sip:+12025550143@192.0.2.1>' : undefined),
  offer: 'v=0',
  ...more,
});

describe('an INVITE', () => {
  test.each(['+12025550100', '2025550100', '12025550100'])(
    'to %s is taken for the line, with its caller',
    (dialled) => {
      expect(admit(invite({ dialled }), phones, () => 0)).toMatchObject({
        kind: 'admitted',
        line: { name: 'Main' },
        caller: { number: '+12025550143' },
      });
    },
  );
  test.each<[string, object, number, number]>([
    ['from nobody we know', { source: { address: '198.51.100.9', port: 5060, protocol: 'udp' } }, 0, 403],
    ['to a number that is not ours', { dialled: '+12025550199' }, 0, 404],
    ['to no number at all', { dialled: 'alice' }, 0, 404],
    ['beyond the channels of its trunk', {}, 2, 503],
  ])('%s is refused', (_, more, channels, status) => {
    expect(admit(invite(more), phones, () => channels)).toMatchObject({ kind: 'refused', status });
  });
});
