import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { loudness, sine, toneShare } from '../../embedded/phone/tone.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { type PhoneCall, RawPhone } from '../support/raw-phone.ts';
import type { TrunkCall } from '../support/sipp.ts';
import { until } from '../support/until.ts';

/* What staff do with a patient on the line: hold, resume, transfer. Real phones (baresip), a real carrier (SIPp), RTP. */

const callerHertz = 700;
const ruizHertz = 440;
const secondHertz = 520;
const soon = (ms = 20_000) => AbortSignal.timeout(ms);
/** Rings Dr. Ruiz at once: no menu. */
const directLine = '+12025550101';

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic();
}, 120_000);
afterEach(() => clinic.checkIdle());
afterAll(() => clinic?.stop());

async function talkingToRuiz() {
  const ruiz = await clinic.phone('201', { toneHertz: ruizHertz });
  const call = await clinic.call(EXAMPLES.known.number, { dialled: directLine });
  await call.answered();
  await ruiz.rings(40_000);
  await ruiz.answers();
  call.rtp.play(sine(callerHertz, 1_000));
  await call.rtp.hearsTone(ruizHertz, soon());
  return { ruiz, call };
}

/** A chord of the music: its notes together are nearly all that is heard, and no one of them. */
async function hearsMusic(call: TrunkCall): Promise<void> {
  const chords = [
    [262, 330, 392],
    [220, 262, 330],
    [175, 220, 262],
    [196, 247, 294],
  ];
  await until(
    () => {
      const heard = call.rtp.heard(400);
      const music = chords.some((notes) => notes.reduce((sum, hertz) => sum + toneShare(heard, hertz), 0) > 0.7);
      return music && loudness(heard) > 100 ? true : null;
    },
    'music on hold',
    10_000,
  );
}

async function eventsOf(call: TrunkCall): Promise<string[]> {
  const { id } = await clinic.record(call);
  const events = await clinic.rows('select kind from call_event where call_id = $1 order by sequence', [id]);
  return events.map(({ kind }) => kind as string);
}

test('a held caller hears music until the call is resumed', async () => {
  const { ruiz, call } = await talkingToRuiz();
  await ruiz.holds();
  await hearsMusic(call);
  await ruiz.resumes();
  await call.rtp.hearsTone(ruizHertz, soon());
  await call.hangUp();
  await ruiz.isReleased();
  expect(await eventsOf(call)).toEqual(expect.arrayContaining(['held', 'resumed']));
});

test('a blind transfer brings caller and chart to the next phone, in one recording', async () => {
  const { ruiz, call } = await talkingToRuiz();
  const okafor = await clinic.phone('202', { toneHertz: secondHertz });
  const screen = await clinic.screen('nurse');
  await ruiz.transfers('202');
  await okafor.rings();
  await okafor.answers();
  await call.rtp.hearsTone(secondHertz, soon());
  await ruiz.isReleased();
  const view = await screen.shows((shown) => shown.state === 'talking' && shown.extensions.includes('202'));
  expect(view.transferredBy).toMatch(/\(201\)$/);
  expect(view.patientId).toBe(EXAMPLES.known.patientId);
  await clinic.talks(call);
  await call.hangUp();
  await okafor.isReleased();

  const record = await clinic.record(call);
  expect(record).toMatchObject({ outcome: 'talked', answered_by: '202' });
  const legs = await clinic.rows('select extension, end_reason from call_leg where call_id = $1 order by leg', [
    record.id,
  ]);
  expect(legs.map(({ extension }) => extension)).toEqual([null, '201', '202']);
  expect(legs[1]?.end_reason).toBe('transferred');
  const { heard } = await clinic.recording(record.id);
  for (const hertz of [ruizHertz, secondHertz]) expect(bestShare(heard, hertz)).toBeGreaterThan(0.7);
});

test('a phone that gives up with its failed transfer leaves the caller to the next step', async () => {
  const { ruiz, call } = await talkingToRuiz();
  // baresip hangs up as soon as it is told of the failure.
  await ruiz.transfers('203');
  await ruiz.transferFails();
  await call.rtp.hearsSpeech(soon());
  await call.hungUpByClinic(30_000);
  expect(await clinic.record(call)).toMatchObject({ outcome: 'unanswered' });
});

describe('a phone with its own keys', () => {
  let ruiz: RawPhone;
  let ruizCall: PhoneCall;
  let call: TrunkCall;
  beforeEach(async () => {
    ruiz = await rawPhone('201', ruizHertz);
    call = await clinic.call(EXAMPLES.known.number, { dialled: directLine });
    await call.answered();
    ruizCall = await ruiz.answers(await ruiz.rings());
    call.rtp.play(sine(callerHertz, 1_000));
    await call.rtp.hearsTone(ruizHertz, soon());
  });
  afterEach(() => ruiz.close());

  test('has the caller back when nobody takes the transfer', async () => {
    expect(await ruizCall.refers('203')).toBe(202);
    expect(await ruizCall.transferEnds()).toMatch(/ 480 /);
    await clinic.talks(call);
    await call.rtp.hearsTone(ruizHertz, soon());
    await ruizCall.rtp.hearsTone(callerHertz, soon());
    await call.hangUp();
    await ruizCall.isReleased();
  });

  test('asks a colleague first, then connects both; the caller is recorded on', async () => {
    const nurse = await rawPhone('210', secondHertz);
    try {
      await ruizCall.holds();
      await hearsMusic(call);
      const dialling = ruiz.dials('210');
      const nurseCall = await nurse.answers(await nurse.rings());
      const consultation = await dialling;
      await nurseCall.rtp.hearsTone(ruizHertz, soon());

      expect(await ruizCall.refers('210', consultation)).toBe(202);
      expect(await ruizCall.transferEnds()).toMatch(/ 200 /);
      await call.rtp.hearsTone(secondHertz, soon());
      await nurseCall.rtp.hearsTone(callerHertz, soon());
      await ruizCall.isReleased();
      await consultation.isReleased();
      await clinic.talks(call);
      await call.hangUp();
      await nurseCall.isReleased();
      const record = await clinic.record(call);
      expect(record).toMatchObject({ outcome: 'talked', answered_by: '210' });
      const { heard } = await clinic.recording(record.id);
      expect(bestShare(heard, secondHertz)).toBeGreaterThan(0.7);
    } finally {
      await nurse.close();
    }
  });

  test('cannot take over a call that is not its own', async () => {
    const [nurse, desk] = [await rawPhone('210', secondHertz), await rawPhone('230', 600)];
    try {
      const dialling = desk.dials('210');
      const nurseCall = await nurse.answers(await nurse.rings());
      await dialling;
      expect(await ruizCall.refers('210', nurseCall)).toBe(202);
      expect(await ruizCall.transferEnds()).toMatch(/ 481 /);
      await nurseCall.rtp.hearsTone(600, soon());
      await clinic.talks(call);
      await call.rtp.hearsTone(ruizHertz, soon());
    } finally {
      await Promise.all([nurse.close(), desk.close()]);
    }
  });
});

function rawPhone(extension: '201' | '210' | '230', toneHertz: number): Promise<RawPhone> {
  return RawPhone.open({ extension, secret: clinic.secrets.extensions[extension], registrar: clinic.sip, toneHertz });
}

function bestShare(samples: Int16Array, hertz: number): number {
  let best = 0;
  for (let at = 0; at + 1600 <= samples.length; at += 800) {
    const part = samples.subarray(at, at + 1600);
    if (loudness(part) > 300) best = Math.max(best, toneShare(part, hertz));
  }
  return best;
}
