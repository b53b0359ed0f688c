import { describe, expect, test } from '@jest/globals';
import { callerIdentity, firstDialled } from './caller-identity.ts';

const trust = {
  region: 'US',
  callerHeaders: ['P-Asserted-Identity', 'Remote-Party-ID', 'From'],
  trusted: true,
} as const;
const headers = (all: Record<string, string>) => (name: string) => all[name];

describe('the caller comes from', () => {
  test.each<[string, Record<string, string>, string | null, string]>([
    ['From in E.164', { From: '"Ana" <sip:+12025550143@carrier.example>;tag=1' }, '+12025550143', 'From'],
    ['From with ten digits', { From: '<sip:2025550143@carrier.example;user=phone>;tag=1' }, '+12025550143', 'From'],
    ['From without brackets', { From: 'sip:+12025550143@carrier.example;tag=1' }, '+12025550143', 'From'],
    [
      'P-Asserted-Identity before From',
      { 'P-Asserted-Identity': '<sip:+12025550143@a.example>', From: '<sip:9@b.example>' },
      '+12025550143',
      'P-Asserted-Identity',
    ],
    [
      'the tel identity of two',
      { 'P-Asserted-Identity': '"Ana" <sip:ana@a.example>, <tel:+1-202-555-0143>', From: '<sip:x@b>' },
      '+12025550143',
      'P-Asserted-Identity',
    ],
    [
      'Remote-Party-ID',
      {
        'Remote-Party-ID': '"Ana" <sip:12025550143@cucm.example>;party=calling;privacy=off;screen=yes',
        From: '<sip:5001@cucm.example>',
      },
      '+12025550143',
      'Remote-Party-ID',
    ],
    [
      'Cisco globalised callback number',
      {
        'Remote-Party-ID': '<sip:5550143@cucm.example;x-cisco-callback-number=+12025550143>;party=calling',
        From: '<sip:5550143@x>',
      },
      '+12025550143',
      'Remote-Party-ID',
    ],
    [
      'number portability parameters',
      { From: '<sip:+12025550143;npdi;rn=+12025550000@carrier.example;user=phone>;tag=1' },
      '+12025550143',
      'From',
    ],
    ['nothing when all zeros', { From: '<sip:0000000000@carrier.example>' }, null, 'From'],
    ['nothing when an extension', { From: '<sip:5001@pbx.example>' }, null, 'From'],
  ])('%s', (_, all, number, header) => {
    expect(callerIdentity(headers(all), trust)).toMatchObject({ number, header });
  });

  test('From only, when the peer is not trusted, and its verstat is not believed', () => {
    const all = {
      'P-Asserted-Identity': '<sip:+12025550199@x>',
      From: '<sip:+12025550143@x;verstat=TN-Validation-Passed>',
    };
    expect(callerIdentity(headers(all), { ...trust, trusted: false })).toMatchObject({
      number: '+12025550143',
      header: 'From',
      attestation: 'none',
    });
  });
});

test.each<[string, object, string | null]>([
  // A PBX's digit for an outside line before the national number.
  ['912025550143', { sitePrefix: '9' }, '+12025550143'],
  ['+912025550143', { sitePrefix: '9' }, '+912025550143'],
  ['92025550143', { sitePrefix: '9' }, '+12025550143'],
  ['447700900123', { numberFormat: 'digits' }, '+447700900123'],
  ['12025550143', { numberFormat: 'digits' }, '+12025550143'],
  // Without the trunk's word for it, twelve digits are no number of this country.
  ['447700900123', {}, null],
])('%s from a trunk that writes %j is %s', (user, writes, number) => {
  const identity = callerIdentity(headers({ From: `<sip:${user}@x>` }), { ...trust, ...writes });
  expect(identity.number).toBe(number);
});

describe('privacy', () => {
  test.each<Record<string, string>>([
    {
      Privacy: 'ID',
      'P-Asserted-Identity': '"Ana" <sip:+12025550143@x>',
      From: '"Anonymous" <sip:anonymous@anonymous.invalid>',
    },
    { Privacy: 'user;critical', From: '<sip:+12025550143@x>' },
    { 'Remote-Party-ID': '"Ana" <sip:+12025550143@x>;privacy=full', From: '<sip:+12025550143@x>' },
    { From: '<sip:Restricted@x>' },
  ])('withheld, and no name: %j', (all) => {
    expect(callerIdentity(headers(all), trust)).toMatchObject({ withheld: true, display: null });
  });
});

describe('attestation', () => {
  test.each([
    ['TN-Validation-Passed', 'A'],
    ['TN-Validation-Passed-B', 'B'],
    ['TN-Validation-Passed-A-Diverted', 'unknown'],
    ['TN-Validation-Failed', 'failed'],
    ['No-TN-Validation', 'none'],
    ['something-new', 'unknown'],
  ])('%s is %s', (verstat, attestation) => {
    const all = { From: `<sip:+12025550143@x;verstat=${verstat}>` };
    expect(callerIdentity(headers(all), trust).attestation).toBe(attestation);
  });
  test('two that disagree are unknown', () => {
    const all = {
      'P-Asserted-Identity': '<sip:+12025550143@x;verstat=TN-Validation-Passed>',
      From: '<sip:+12025550143@x;verstat=TN-Validation-Failed>',
    };
    expect(callerIdentity(headers(all), trust).attestation).toBe('unknown');
  });
});

test('the number first dialled is the last Diversion or the first History-Info, never the caller', () => {
  const diverted = {
    Diversion: '<sip:+12025550102@x>;reason=no-answer, <sip:+12025550100@x>;reason=unconditional',
    From: '<sip:+12025550143@x>',
  };
  expect(firstDialled(headers(diverted), 'US')).toBe('+12025550100');
  expect(callerIdentity(headers(diverted), trust).number).toBe('+12025550143');
  expect(
    firstDialled(
      headers({
        'History-Info': '<sip:+12025550101@x?Reason=SIP%3Bcause%3D302>;index=1,<sip:+12025550102@x>;index=1.1',
      }),
      'US',
    ),
  ).toBe('+12025550101');
});
