import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { loudness, sine, toneShare } from '../../embedded/phone/tone.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { RawPhone } from '../support/raw-phone.ts';
import type { TrunkCall } from '../support/sipp.ts';
import { until } from '../support/until.ts';

/* Calls that another phone takes: picked up while they ring elsewhere (*8 and the extension), parked (*701 to *709). */

const callerHertz = 700;
const ruizHertz = 440;
const deskHertz = 520;
const soon = (ms = 20_000) => AbortSignal.timeout(ms);
const directLine = '+12025550101';

let clinic: Clinic;
let ruiz: RawPhone;
let desk: RawPhone;
let call: TrunkCall;
beforeAll(async () => {
  clinic = await startClinic();
  await clinic.rows(`update prompt set text = 'Hello.' where key in ('greeting', 'recording-notice', 'connecting')`);
}, 120_000);
beforeEach(async () => {
  [ruiz, desk] = [await rawPhone('201', ruizHertz), await rawPhone('230', deskHertz)];
  call = await clinic.call(EXAMPLES.known.number, { dialled: directLine });
  await call.answered();
  call.rtp.play(sine(callerHertz, 1_000));
});
afterEach(async () => {
  await Promise.all([ruiz.close(), desk.close()]);
  await clinic.checkIdle();
});
afterAll(() => clinic?.stop());

function rawPhone(extension: '201' | '230', toneHertz: number): Promise<RawPhone> {
  return RawPhone.open({ extension, secret: clinic.secrets.extensions[extension], registrar: clinic.sip, toneHertz });
}

test('a call that rings at a colleague’s phone is picked up with *8', async () => {
  const ringing = await ruiz.rings();
  const taken = await desk.dials('*8201');
  await call.rtp.hearsTone(deskHertz, soon());
  await taken.rtp.hearsTone(callerHertz, soon());
  await until(() => (ringing.cancelled.aborted ? true : null), 'a CANCEL at the first phone');
  await call.hangUp();
  await taken.isReleased();
  expect(await clinic.record(call)).toMatchObject({ outcome: 'talked', answered_by: '230' });
});

test('a parked caller hears music until a phone dials the slot', async () => {
  const ruizCall = await ruiz.answers(await ruiz.rings());
  await call.rtp.hearsTone(ruizHertz, soon());
  expect(await ruizCall.refers('*701')).toBe(202);
  expect(await ruizCall.transferEnds()).toMatch(/ 200 /);
  await ruizCall.isReleased();
  await until(() => {
    const heard = call.rtp.heard(400);
    const chord = [262, 330, 392, 220, 175, 196, 247, 294].reduce((sum, hertz) => sum + toneShare(heard, hertz), 0);
    return loudness(heard) > 100 && chord > 0.7 ? true : null;
  }, 'music');
  const screen = await clinic.screen('frontdesk');
  const retrieved = await desk.dials('*701');
  await call.rtp.hearsTone(deskHertz, soon());
  await retrieved.rtp.hearsTone(callerHertz, soon());
  const view = await screen.shows((shown) => shown.state === 'talking' && shown.extensions.includes('230'));
  expect(view).toMatchObject({ patientId: EXAMPLES.known.patientId, transferredBy: expect.stringMatching(/\(201\)$/) });
  await call.hangUp();
  await retrieved.isReleased();
  expect(await clinic.record(call)).toMatchObject({ outcome: 'talked', answered_by: '230' });
});

test('a slot that is taken, and one that is empty', async () => {
  const ruizCall = await ruiz.answers(await ruiz.rings());
  await call.rtp.hearsTone(ruizHertz, soon());
  expect(await ruizCall.refers('*702')).toBe(202);
  await ruizCall.isReleased();
  const other = await clinic.call(EXAMPLES.unknown.number, { dialled: directLine });
  await other.answered();
  const second = await ruiz.answers(await ruiz.rings());
  other.rtp.play(sine(900, 1_000));
  await second.rtp.hearsTone(900, soon());
  expect(await second.refers('*702')).toBe(202);
  expect(await second.transferEnds()).toMatch(/ 486 /);
  await second.rtp.hearsTone(900, soon());
  expect((await desk.tries('*703')).result).toMatchObject({ kind: 'refused', status: 480 });
  await other.hangUp();
  await call.hangUp();
  expect(await clinic.record(call)).toMatchObject({ outcome: 'talked' });
});
