import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { Carrier, openTrunk } from '../support/carrier.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { RawPhone } from '../support/raw-phone.ts';
import { until } from '../support/until.ts';

/* A desk phone calls a patient: by the trunks in turn, as its line, within what it may. */

const phoneHertz = 440;
const outsideHertz = 880;
const soon = (ms = 20_000) => AbortSignal.timeout(ms);
const outside = '+12025550199';

let clinic: Clinic;
let first: Carrier;
let second: Carrier;
let phone: RawPhone;
beforeAll(async () => {
  clinic = await startClinic();
}, 120_000);
beforeEach(async () => {
  [first, second] = [await Carrier.open(outsideHertz), await Carrier.open(600)];
  const secret = clinic.secrets.extensions['201'];
  phone = await RawPhone.open({ extension: '201', secret, registrar: clinic.sip, toneHertz: phoneHertz });
});
afterEach(async () => {
  await phone.close();
  await clinic.rows(`delete from trunk where name <> 'loopback'`);
  await clinic.rows(`
    update extension set line = null, calling_class = 'national', daily_minutes = 480, do_not_disturb = false,
      forward_always = null, forward_busy = null, forward_no_answer = null`);
  await Promise.all([first.close(), second.close()]);
  await clinic.checkIdle();
});
afterAll(() => clinic?.stop());

/** Changes what the app knows of an extension, and resolves when a call would see it: its log says so. */
async function setExtension(number: string, assignment: string): Promise<void> {
  const before = await rulesRead();
  await clinic.rows(`update extension set ${assignment}, display_name = display_name || '.' where number = $1`, [
    number,
  ]);
  await until(async () => ((await rulesRead()) > before ? true : null), 'the change to be in force', 10_000);
}
const rulesRead = () => clinic.logged('rules in force');

test('a patient is called with the number of the line, both hear each other, the caller sees the chart', async () => {
  await setExtension('201', `line = '+12025550101'`);
  await openTrunk(clinic, 'carrier', first, { trusted: true });
  const screen = await clinic.screen('drruiz');
  const call = await phone.dials(EXAMPLES.known.number.slice(2));
  await call.rtp.hearsTone(outsideHertz, soon());
  await first.talking[0]?.rtp.hearsTone(phoneHertz, soon());
  const taken = await first.nextCall();
  expect(taken.dialled).toBe(EXAMPLES.known.number);
  expect(taken.from).toContain('+12025550101');
  expect(taken.headers('P-Asserted-Identity')).toContain('+12025550101');
  const view = await screen.shows((shown) => shown.state === 'talking' && shown.patientId !== null);
  expect(view).toMatchObject({ patientId: EXAMPLES.known.patientId, recording: 'off', extensions: ['201'] });
  await first.talking[0]?.dialog.hangUp();
  await call.isReleased();
  const [record] = await until(async () => {
    const rows = await clinic.rows(`select * from call where dialled = $1 and ended_at is not null`, [
      EXAMPLES.known.number,
    ]);
    return rows.length > 0 ? rows : null;
  }, 'the record');
  expect(record).toMatchObject({
    direction: 'outbound',
    caller_number: '201',
    outcome: 'talked',
    match_kind: 'one',
    patient_id: EXAMPLES.known.patientId,
  });
  expect(await clinic.rows('select from recording where call_id = $1', [record?.id])).toHaveLength(0);
});

test.each([
  ['e164', '+12025550199'],
  ['digits', '12025550199'],
  ['national', '2025550199'],
])('a trunk that wants %s is dialled %s', async (format, dialled) => {
  await openTrunk(clinic, 'carrier', first, { number_format: format });
  await phone.dials(outside);
  expect((await first.nextCall()).dialled).toBe(dialled);
});

test.each<['silence' | number]>([['silence'], [503], [500]])(
  'the next trunk is used when the first answers with %s',
  async (does) => {
    first.does = does;
    await openTrunk(clinic, 'a-first', first);
    await openTrunk(clinic, 'b-second', second);
    const call = await phone.dials(outside);
    await call.rtp.hearsTone(600, soon());
    expect(first.calls).toHaveLength(1);
  },
);

test.each([
  [486, 486],
  [404, 404],
  [302, 480],
])('%s from the carrier is the phone’s answer (%s), and no other trunk is tried', async (does, status) => {
  first.does = does;
  await openTrunk(clinic, 'a-first', first);
  await openTrunk(clinic, 'b-second', second);
  expect((await phone.tries(outside)).result).toMatchObject({ kind: 'refused', status });
  expect(second.calls).toHaveLength(0);
});

test('the carrier’s challenge is answered with the trunk’s secret', async () => {
  first.asks = { user: 'clinic', secret: 'carrier-secret', realm: 'carrier.example' };
  await openTrunk(clinic, 'carrier', first, { auth_user: 'clinic', auth_secret: 'carrier-secret' });
  const call = await phone.dials(outside);
  await call.rtp.hearsTone(outsideHertz, soon());
  expect(first.calls.map((taken) => taken.headers('Proxy-Authorization') !== undefined)).toEqual([false, true]);
});

test('a carrier that wants a REGISTER has one, refreshed, and is told when the trunk goes', async () => {
  first.asks = { user: 'clinic', secret: 'carrier-secret', realm: 'carrier.example' };
  await openTrunk(clinic, 'carrier', first, { auth_user: 'clinic', auth_secret: 'carrier-secret', register: true });
  // Ten seconds are granted: the refresh comes after five.
  await until(() => (first.registered.length >= 2 ? true : null), 'a refresh', 15_000);
  const [host, port] = [clinic.sip.address, clinic.sip.port];
  expect(first.registered[0]?.contact).toMatch(new RegExp(`<sip:clinic@${host}:${port}`));
  await clinic.rows(`delete from trunk where name <> 'loopback'`);
  await until(() => (first.registered.at(-1)?.expires === 0 ? true : null), 'the end of the registration');
});

test('a carrier that is away is asked again until it registers us', async () => {
  first.does = 503;
  await openTrunk(clinic, 'carrier', first, { auth_user: 'clinic', auth_secret: 's', register: true });
  first.does = 'answers';
  await until(() => (first.registered.length > 0 ? true : null), 'a REGISTER', 15_000);
});

describe('refused', () => {
  beforeEach(() => openTrunk(clinic, 'carrier', first));

  test.each([
    ['a phone for inside calls only', `calling_class = 'internal'`, outside, 'calling-class'],
    ['another country', `calling_class = 'national'`, '011442079460000', 'calling-class'],
    ['premium rate', `calling_class = 'international'`, '+19005551212', 'premium'],
    ['a day that is spent', 'daily_minutes = 0', outside, 'daily-minutes'],
  ])('%s', async (_, assignment, dialled, cause) => {
    await setExtension('201', assignment);
    const counted = await clinic.metric('chartline_sip_refusals_total', `{cause="${cause}"}`);
    expect((await phone.tries(dialled)).result).toMatchObject({ kind: 'refused', status: 403 });
    expect(await clinic.metric('chartline_sip_refusals_total', `{cause="${cause}"}`)).toBe(counted + 1);
    expect(first.calls).toHaveLength(0);
  });

  test('a trunk without a free channel', async () => {
    await clinic.rows(`delete from trunk where name <> 'loopback'`);
    await openTrunk(clinic, 'narrow', first, { max_channels: 1 });
    await phone.dials(outside);
    expect((await phone.tries(outside)).result).toMatchObject({ kind: 'refused', status: 503 });
  });
});

describe('a call to an extension', () => {
  test('forwarded always goes outside by the forwarding phone’s own right', async () => {
    await openTrunk(clinic, 'carrier', first);
    await setExtension('203', `forward_always = '2025550199'`);
    const call = await phone.dials('203');
    await call.rtp.hearsTone(outsideHertz, soon());
    expect((await first.nextCall()).dialled).toBe(outside);
    await call.dialog.hangUp();
    await setExtension('203', `calling_class = 'internal'`);
    expect((await phone.tries('203')).result).toMatchObject({ kind: 'refused', status: 403 });
  });

  test('that nobody answers goes to its forward', async () => {
    await openTrunk(clinic, 'carrier', first);
    await setExtension('203', `forward_no_answer = '${outside}'`);
    const call = await phone.dials('203');
    await call.rtp.hearsTone(outsideHertz, soon());
  });

  test('that is busy goes to its forward', async () => {
    await openTrunk(clinic, 'carrier', first);
    await setExtension('202', `forward_busy = '${outside}'`);
    const secret = clinic.secrets.extensions['202'];
    const okafor = await RawPhone.open({ extension: '202', secret, registrar: clinic.sip, toneHertz: 520 });
    try {
      const dialling = phone.tries('202');
      (await okafor.rings()).refuse(486, 'Busy Here');
      const { call } = await dialling;
      await call?.rtp.hearsTone(outsideHertz, soon());
      expect(first.calls).toHaveLength(1);
    } finally {
      await okafor.close();
    }
  });

  test('that wants no calls is refused, and nothing rings', async () => {
    await setExtension('203', 'do_not_disturb = true');
    expect((await phone.tries('203')).result).toMatchObject({ kind: 'refused', status: 480 });
  });

  test('forwarded in a circle ends', async () => {
    await setExtension('202', `forward_always = '203'`);
    await setExtension('203', `forward_always = '202'`);
    expect((await phone.tries('202')).result).toMatchObject({ kind: 'refused', status: 482 });
  });
});
