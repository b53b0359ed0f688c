import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { RtpPort } from '../../embedded/phone/rtp-port.ts';
import { answerSdp } from '../../embedded/phone/sdp.ts';
import { sine } from '../../embedded/phone/tone.ts';
import { UserAgent } from '../../embedded/phone/user-agent.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { appIsUp, crash, report, steadyPorts } from '../support/drill.ts';
import { until } from '../support/until.ts';

/* The app hangs or is dead: the caller reaches the default destination, which needs nothing of it (design.md §7). */

const destinationHertz = 620;
let destination: UserAgent;
let audio: RtpPort;
let clinic: Clinic;
beforeAll(async () => {
  audio = await RtpPort.open();
  audio.play(sine(destinationHertz, 1_000));
  destination = await UserAgent.open();
  destination.onIncoming = (call) => {
    if (!call.offer) return call.refuse(488, 'Not Acceptable Here');
    call.ring();
    call.answer(answerSdp(audio.address, audio.port, call.offer));
    audio.talkTo(call.offer);
  };
  clinic = await startClinic({
    brief: true,
    settings: { ...(await steadyPorts()), CHARTLINE_DEFAULT_DESTINATION: `sip:127.0.0.1:${destination.port}` },
  });
}, 120_000);
afterEach(() => clinic.checkIdle());
afterAll(async () => {
  await clinic?.stop();
  await destination?.close();
  audio?.close();
});

/** Places a call that the default destination takes; returns how long the caller waited for the answer. */
async function reachesDestination(): Promise<number> {
  const call = await clinic.call(EXAMPLES.known.number);
  await call.answered(8_000);
  const invited = call.messages.find(({ sent, message }) => sent && message.kind === 'request')?.at ?? 0;
  const answered =
    call.messages.find(({ sent, message }) => !sent && message.kind === 'response' && message.status === 200)?.at ?? 0;
  await call.rtp.hearsTone(destinationHertz, AbortSignal.timeout(5_000));
  await call.hangUp();
  return answered - invited;
}

async function expectOrdinaryCall(): Promise<void> {
  const scheduling = await clinic.phone('220');
  const call = await clinic.call(EXAMPLES.unknown.number);
  await call.answered();
  await scheduling.rings();
  await scheduling.answers();
  await call.rtp.hearsTone(440, AbortSignal.timeout(10_000));
  await call.hangUp();
  expect(await clinic.record(call)).toMatchObject({ outcome: 'talked', answered_by: '220' });
}

test('the app hangs: callers reach the default destination within 3 s, and the clinic as soon as it goes on', async () => {
  const app = clinic.pid('app');
  let waited: number;
  process.kill(app, 'SIGSTOP');
  try {
    waited = await reachesDestination();
  } finally {
    process.kill(app, 'SIGCONT');
  }
  expect(waited).toBeLessThan(3_500);
  const continuedAt = Date.now();
  await expectOrdinaryCall();
  report({
    broken: 'app hangs (SIGSTOP), then goes on',
    callersHeard: `the default destination after ${(waited / 1000).toFixed(1)} s; afterwards the clinic`,
    offered: 2,
    answered: 2,
    lost: 0,
    events: 'whole',
    recoveredMs: Date.now() - continuedAt,
  });
});

test('the app is dead: callers reach the default destination at once, and the clinic when it is back', async () => {
  const crashed = crash(clinic, 'app');
  const waited = await reachesDestination();
  expect(waited).toBeLessThan(3_500);
  const killedAt = await crashed;
  await appIsUp(clinic);
  const recoveredMs = Date.now() - killedAt;
  await expectOrdinaryCall();
  report({
    broken: 'app killed, nobody calling',
    callersHeard: `the default destination after ${(waited / 1000).toFixed(1)} s; afterwards the clinic`,
    offered: 2,
    answered: 2,
    lost: 0,
    events: 'whole',
    recoveredMs,
  });
});

test('the app dies while it has a call that it has not answered: the caller is not left ringing', async () => {
  // Hung first, so that the call is surely with it and not answered.
  const app = clinic.pid('app');
  process.kill(app, 'SIGSTOP');
  const call = await clinic.call(EXAMPLES.known.number);
  await until(() => (call.messages.length >= 2 ? true : null), 'the INVITE to arrive');
  process.kill(app, 'SIGKILL');
  await call.answered(3_000);
  await call.rtp.hearsTone(destinationHertz, AbortSignal.timeout(5_000));
  await call.hangUp();
  await until(() => (clinic.pid('app') !== app ? true : null), 'a new app', 20_000);
  await appIsUp(clinic);
});
