import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { demoClinic } from '../../embedded/demo.ts';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { RtpPort } from '../../embedded/phone/rtp-port.ts';
import { answerSdp } from '../../embedded/phone/sdp.ts';
import { sine } from '../../embedded/phone/tone.ts';
import { type IncomingCall, UserAgent } from '../../embedded/phone/user-agent.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { until } from '../support/until.ts';

/* Calls that go outside, to somebody on call, through a trunk; and menus that rules play. On real SIP and RTP. */

const mobile = '+12025550172';
const callerHertz = 700;
const mobileHertz = 440;
const soon = (ms = 30_000) => AbortSignal.timeout(ms);

let clinic: Clinic;
let carrier: UserAgent;
const arrived: IncomingCall[] = [];

beforeAll(async () => {
  clinic = await startClinic();
  carrier = await UserAgent.open();
  carrier.onIncoming = (call) => {
    call.ring();
    arrived.push(call);
  };
  await clinic.rows(`update trunk set outbound_uri = $1`, [`sip:127.0.0.1:${carrier.port}`]);
  await clinic.rows(`update prompt set text = 'Hello.' where key in ('greeting', 'recording-notice', 'connecting')`);
  await clinic.rows(
    `insert into route_target (route_id, position, kind, value, ring_seconds)
     select id, 9, 'outside', $1, 20 from route where name = 'appointment'`,
    [mobile],
  );
}, 120_000);
afterEach(() => clinic.checkIdle());
afterAll(async () => {
  await carrier?.close();
  await clinic?.stop();
});

async function pressing(key: string) {
  const call = await clinic.call(EXAMPLES.known.number);
  await call.answered();
  await call.rtp.hearsSpeech(soon());
  call.rtp.press(key);
  return call;
}

/** The mobile that rings, picked up. */
async function pickUp() {
  const call = await until(() => arrived.shift() ?? null, 'a call to the mobile', 20_000);
  if (!call.offer) throw new Error('no offer');
  const rtp = await RtpPort.open();
  const dialog = call.answer(answerSdp(rtp.address, rtp.port, call.offer));
  rtp.talkTo(call.offer);
  return { call, rtp, dialog };
}

test('the mobile rings, shows our number, and takes the call by pressing 1; both hear each other', async () => {
  const call = await pressing('1');
  const { call: ringing, rtp } = await pickUp();
  expect(ringing.from).toContain(demoClinic.mainLine);
  expect(ringing.from).not.toContain(EXAMPLES.known.number);
  await rtp.hearsSpeech(soon());
  rtp.press('1');
  rtp.play(sine(mobileHertz, 1_000));
  call.rtp.play(sine(callerHertz, 1_000));
  await call.rtp.hearsTone(mobileHertz, soon());
  await rtp.hearsTone(callerHertz, soon());
  await call.hangUp();
  rtp.close();
  const record = await clinic.record(call);
  expect(record).toMatchObject({ outcome: 'talked', answered_by: 'outside' });
  const legs = await clinic.rows(`select role, end_reason from call_leg where call_id = $1 order by leg`, [record.id]);
  expect(legs.map(({ role }) => role)).toEqual(['caller', 'outside']);
});

test('a mailbox that answers does not press 1: it is hung up, and the caller hears that nobody is there', async () => {
  const call = await pressing('1');
  const { rtp, dialog } = await pickUp();
  rtp.play(sine(mobileHertz, 1_000));
  expect(await dialog.ended).toBe('peer');
  rtp.close();
  await call.hungUpByClinic(40_000);
  expect(await clinic.record(call)).toMatchObject({ outcome: 'unanswered' });
});

test('a rule may play a menu: its key decides again', async () => {
  await clinic.rows(`insert into ivr_menu (name, prompt, tries) values ('more', 'goodbye', 1)`);
  await clinic.rows(`insert into ivr_option (menu, digit, intent) values ('more', '7', 'appointment')`);
  await clinic.rows(`insert into route_target (route_id, position, kind, value)
    select id, 8, 'menu', 'more' from route where name = 'billing'`);
  const call = await pressing('5');
  await call.rtp.hearsSilence(soon());
  await until(async () => {
    const rows = await clinic.rows(`select from call_event where kind = 'decided' and detail->'steps' ? 'menu'`);
    return rows.length > 0 ? true : null;
  }, 'the menu');
  await call.rtp.hearsSpeech(soon());
  call.rtp.press('7');
  const { rtp } = await pickUp();
  await rtp.hearsSpeech(soon());
  rtp.press('1');
  await clinic.talks(call);
  await call.hangUp();
  rtp.close();
  const record = await clinic.record(call);
  const decisions = await clinic.rows('select rule_name from decision where call_id = $1 order by number', [record.id]);
  expect(decisions).toEqual([{ rule_name: 'billing' }, { rule_name: 'appointment' }]);
});
