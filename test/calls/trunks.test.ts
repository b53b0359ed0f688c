import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { until } from '../support/until.ts';

/* What each platform writes into its INVITEs (their manuals; none is a captured message), and who we take to be calling. */

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic({ withoutEhr: true });
}, 120_000);
afterEach(async () => {
  await clinic.checkIdle();
  await clinic.rows(`delete from trunk where name = 'vendor'`);
});
afterAll(() => clinic?.stop());

type Trunk = { readonly profile: string; readonly trusted?: boolean; readonly site_prefix?: string };
type Heard = {
  readonly caller_number: string | null;
  readonly caller_header?: string;
  readonly attestation?: string;
};

let trunksMade = 10;

/** The call as it was stored, and the event of its arrival. */
async function arrival(trunk: Trunk, from: string, headers: Record<string, string>) {
  // Profiles may come to the same: another limit each time makes every row a change.
  const row = { name: 'vendor', source: '{127.0.0.1/32}', trusted: true, max_channels: ++trunksMade, ...trunk };
  const columns = Object.keys(row);
  const seen = await clinic.logged('rules in force');
  await clinic.rows(
    `insert into trunk (${columns.join(', ')}) values (${columns.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(row),
  );
  await until(async () => ((await clinic.logged('rules in force')) > seen ? true : null), 'the trunk', 10_000);
  const call = await clinic.call(from, { headers });
  await call.answered();
  await call.hangUp();
  const record = await clinic.record(call);
  const [event] = await clinic.rows(`select detail from call_event where call_id = $1 and kind = 'arrived'`, [
    record.id,
  ]);
  return { record, arrived: event?.detail as Record<string, unknown> };
}

test.each<[string, Trunk, string, Record<string, string>, Heard]>([
  [
    'Avaya Aura: P-Asserted-Identity, and a body of headers of its own',
    { profile: 'avaya-aura' },
    '2025550143',
    {
      'P-Asserted-Identity': '"Ana Ruiz" <sip:2025550143@10.20.1.5:5061;transport=tls>',
      'P-Charging-Vector': 'icid-value="AAS:4711-0a0b0c"',
      'Av-Global-Session-ID': 'c1d2e3f4-0000-11ef-9a1b-0050569b0001',
      'Endpoint-View': '<sip:2025550143@10.20.1.5;gsid=c1d2e3f4>',
    },
    { caller_number: '+12025550143', caller_header: 'P-Asserted-Identity' },
  ],
  [
    'Cisco Unified CM: the globalised number beside the local one, behind the site’s 9',
    { profile: 'cisco-cucm', site_prefix: '9' },
    '5551',
    {
      'Remote-Party-ID':
        '"Ana" <sip:5550143@10.0.0.9;x-cisco-callback-number=912025550143>;party=calling;screen=yes;privacy=off',
      'Session-ID': 'a1b2c3d400105000a000001122334455;remote=00000000000000000000000000000000',
      'Cisco-Guid': '1234567890-0000065536-0000000001-0167772161',
    },
    { caller_number: '+12025550143', caller_header: 'Remote-Party-ID' },
  ],
  [
    'Mitel MiVoice Business: P-Asserted-Identity before the PBX’s main number in From',
    { profile: 'mitel-mivoice' },
    '2025550100',
    { 'P-Asserted-Identity': '<sip:2025550143@mivb.example>', Privacy: 'none' },
    { caller_number: '+12025550143', caller_header: 'P-Asserted-Identity' },
  ],
  [
    'Zoom Phone: E.164 in both, Privacy none, a trace id',
    { profile: 'zoom-phone' },
    '+12025550143',
    {
      'P-Asserted-Identity': '"Ana" <sip:+12025550143@us01peer01.zoom.example>',
      Privacy: 'none',
      'X-Trace-ID': '74c9d9e9-1f0b-4a43-b1d4-000000000001',
    },
    { caller_number: '+12025550143', caller_header: 'P-Asserted-Identity' },
  ],
  [
    'RingCentral: From without +, its ids in mixed case',
    { profile: 'ringcentral' },
    '12025550143',
    { 'P-rc-api-ids': 'party-id=p-1a2b-1;session-id=s-1a2b' },
    { caller_number: '+12025550143', caller_header: 'From' },
  ],
  [
    'Vonage: in full without +, also of another country',
    { profile: 'vonage' },
    '447700900123',
    {},
    { caller_number: '+447700900123', caller_header: 'From' },
  ],
  [
    'Twilio: the attestation in a header of its own',
    { profile: 'twilio' },
    '+12025550143',
    { 'X-Twilio-VerStat': 'TN-Validation-Passed-A', 'X-Twilio-CallSid': 'CA00000000000000000000000000000001' },
    { caller_number: '+12025550143', caller_header: 'From', attestation: 'A' },
  ],
  [
    'Twilio, forwarded: the signature is the forwarder’s',
    { profile: 'twilio' },
    '+12025550143',
    { 'X-Twilio-VerStat': 'TN-Validation-Passed-A-Diverted' },
    { caller_number: '+12025550143', attestation: 'unknown' },
  ],
  [
    'Teams Direct Routing: P-Asserted-Identity of two, with verstat',
    { profile: 'teams' },
    '+12025550100',
    {
      'P-Asserted-Identity': '<tel:+12025550143>,<sip:ana@contoso.example;verstat=TN-Validation-Passed-B>',
      'X-MS-SBC': 'sbc.contoso.example/1.0',
    },
    { caller_number: '+12025550143', caller_header: 'P-Asserted-Identity', attestation: 'B' },
  ],
  [
    'an untrusted peer: From only',
    { profile: 'generic', trusted: false },
    '+12025550143',
    { 'P-Asserted-Identity': '<sip:+12025550199@x;verstat=TN-Validation-Passed>' },
    { caller_number: '+12025550143', caller_header: 'From', attestation: 'none' },
  ],
  [
    'a withheld caller: nothing is stored',
    { profile: 'generic' },
    'anonymous',
    { 'P-Asserted-Identity': '<sip:+12025550143@x>', Privacy: 'ID' },
    { caller_number: null },
  ],
])('%s', async (_, trunk, from, headers, heard) => {
  expect((await arrival(trunk, from, headers)).record).toMatchObject({ ...heard, trunk: 'vendor' });
});

test.each<[string, string, Record<string, string>]>([
  [
    'Diversion’s last entry',
    'cisco-cucm',
    { Diversion: '<sip:2025550102@x>;reason=no-answer, <sip:2025550101@x>;reason=unconditional;counter=1' },
  ],
  [
    'History-Info’s first, escapes and all',
    'avaya-aura',
    {
      'History-Info':
        '<sip:2025550101@x?Reason=SIP%3Bcause%3D302%3Btext%3D%22Moved%22&Reason=Redirection%3Bcause%3DCFI%3Bavaya-cm-reason%3D%22cover-all%22>;index=1,<sip:2025550102@x>;index=1.1,<sip:2025550100@x>;index=1.2',
    },
  ],
])('the number first dialled is %s', async (_, profile, headers) => {
  const { record, arrived } = await arrival({ profile }, '2025550143', headers);
  expect(record.caller_number).toBe('+12025550143');
  expect(arrived.forwardedFrom).toBe('+12025550101');
});

test('the platform’s own ids are kept, to find the call in its records', async () => {
  const { arrived } = await arrival({ profile: 'ringcentral' }, '12025550143', {
    'P-RC-API-IDS': 'party-id=p-1a2b-1;session-id=s-1a2b',
    'X-Trace-ID': '74c9d9e9',
  });
  expect(arrived.platformIds).toEqual({
    'P-Rc-Api-Ids': 'party-id=p-1a2b-1;session-id=s-1a2b',
    'X-Trace-ID': '74c9d9e9',
  });
});

test.each(['PCMU', 'PCMA'] as const)(
  'an INVITE without an offer is answered with ours, heard and hung up (%s)',
  async (law) => {
    const call = await clinic.call('+12025550143', { lateOffer: true, laws: [law] });
    const response = await call.answered();
    expect(response.body).toContain('m=audio');
    await call.rtp.hearsSpeech(AbortSignal.timeout(20_000));
    await call.hangUp();
    expect(await clinic.record(call)).toMatchObject({ outcome: 'abandoned' });
  },
);
