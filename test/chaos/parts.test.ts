import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import type { DeskPhone } from '../support/baresip.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { type RunningEhr, startDemoEhr } from '../support/demo-ehr.ts';
import { appIsUp, crash, expectWholeRecord, report, steadyPorts } from '../support/drill.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { TrunkCall } from '../support/sipp.ts';
import { until } from '../support/until.ts';

/* Parts of a running clinic die, hang or lie while calls are up (design.md §7). */

let ehr: RunningEhr;
let proxy: FaultProxy;
let clinic: Clinic;
beforeAll(async () => {
  ehr = await startDemoEhr();
  proxy = await startFaultProxy(ehr.baseUrl);
  clinic = await startClinic({
    brief: true,
    cuttable: true,
    settings: { ...(await steadyPorts()), FHIR_BASE_URL: proxy.baseUrl },
  });
}, 120_000);
afterEach(() => clinic.checkIdle());
afterAll(async () => {
  await clinic?.stop();
  await proxy?.close();
  await ehr?.close();
});

const soon = (ms = 10_000) => AbortSignal.timeout(ms);

/** A caller whom nobody knows, talking to scheduling. */
async function talkTo(phone: DeskPhone): Promise<TrunkCall> {
  const call = await clinic.call(EXAMPLES.unknown.number);
  await call.answered();
  await phone.rings();
  await phone.answers();
  await call.rtp.hearsTone(440, soon());
  return call;
}

async function wholeCall(phone: DeskPhone): Promise<void> {
  const call = await talkTo(phone);
  await call.hangUp();
  await phone.isReleased();
  const record = await clinic.record(call);
  expect(record).toMatchObject({ outcome: 'talked', answered_by: phone.extension });
  await expectWholeRecord(clinic, record);
}

test.each([
  { fault: 'reset', what: 'dead (connections reset)' },
  { fault: 'slow', what: 'slow (5 s an answer)' },
  { fault: 'hang', what: 'hung' },
  { fault: 'not-json', what: 'lying (HTML for FHIR)' },
] as const)('the EHR is $what: a call is routed within 2 s of the menu', async ({ fault, what }) => {
  // Without the chart nobody knows her physician: whoever the rules name next.
  const phones = await Promise.all([clinic.phone('201'), clinic.phone('210'), clinic.phone('230')]);
  proxy.fault = fault satisfies Fault;
  try {
    const call = await clinic.call(EXAMPLES.known.number);
    await call.answered();
    call.rtp.press('3');
    await Promise.any(phones.map((phone) => phone.rings()));
    await call.hangUp();
    const record = await clinic.record(call);
    const [took] = await clinic.rows(
      `select extract(epoch from decided.at - menu.at)::float as seconds from call_event decided
         join call_event menu using (call_id) where decided.call_id = $1 and decided.kind = 'decided' and menu.kind = 'menu'`,
      [record.id],
    );
    expect(took?.seconds).toBeLessThan(2);
    // The index is ours: who calls is known without the EHR.
    expect(record).toMatchObject({ match_kind: 'one', patient_id: EXAMPLES.known.patientId });
    await expectWholeRecord(clinic, record);
    report({
      broken: `EHR ${what}`,
      callersHeard: `nothing of it; routed ${Number(took?.seconds).toFixed(2)} s after the menu`,
      offered: 1,
      answered: 1,
      lost: 0,
      events: 'whole',
      recoveredMs: null,
    });
  } finally {
    proxy.fault = 'healthy';
  }
});

test('the recordings reader is killed: calls are recorded all the same, and heard when it is back', async () => {
  const scheduling = await clinic.phone('220');
  const call = await talkTo(scheduling);
  const killedAt = await crash(clinic, 'reader');
  await clinic.talks(call);
  await call.hangUp();
  const record = await clinic.record(call);
  const { heard } = await until(() => clinic.recording(record.id).catch(() => null), 'the recording', 20_000);
  expect(heard.length).toBeGreaterThan(8_000);
  report({
    broken: 'recordings reader killed in a call',
    callersHeard: 'nothing of it',
    offered: 1,
    answered: 1,
    lost: 0,
    events: `${await expectWholeRecord(clinic, record)}, recording whole`,
    recoveredMs: Date.now() - killedAt,
  });
});

test('the engine is killed while two talk: the call ends in the record with its reason, the next one works', async () => {
  const scheduling = await clinic.phone('220');
  const call = await talkTo(scheduling);
  const killedAt = await crash(clinic, 'engine');
  const record = await clinic.record(call);
  expect(record.outcome).toBe('talked');
  const [leg] = await clinic.rows(`select end_reason from call_leg where call_id = $1 and role = 'caller'`, [
    record.id,
  ]);
  expect(leg?.end_reason).toMatch(/media lost|signaling/);
  const events = await expectWholeRecord(clinic, record);
  // Registrations are the app's; a phone need not register again.
  const again = await clinic.phone('221');
  await until(async () => ((await clinic.metric('chartline_calls_active')) === 0 ? true : null), 'no call');
  const next = await until(
    async () => {
      const tried = await clinic.call(EXAMPLES.unknown.number);
      return tried.answered(2_000).then(
        () => tried,
        () => null,
      );
    },
    'a call that is answered',
    20_000,
  );
  const recoveredMs = Date.now() - killedAt;
  await again.rings();
  await again.answers();
  await next.rtp.hearsTone(440, soon());
  await next.hangUp();
  report({
    broken: 'engine (signaling and media) killed while two talk',
    callersHeard: 'silence: the engine is what would have said BYE',
    offered: 2,
    answered: 2,
    lost: 1,
    events: `${events}, ended as media lost`,
    recoveredMs,
  });
});

test('the app is killed while two talk: they talk on; registrations are kept; the next call works', async () => {
  const [scheduling, other] = await Promise.all([clinic.phone('220'), clinic.phone('221')]);
  const call = await clinic.call(EXAMPLES.unknown.number);
  await call.answered();
  await scheduling.rings();
  await scheduling.answers();
  await other.isReleased();
  await call.rtp.hearsTone(440, soon());
  const killedAt = await crash(clinic, 'app');
  await clinic.talks(call);
  await call.rtp.hearsTone(440, soon());
  await appIsUp(clinic);
  const recoveredMs = Date.now() - killedAt;
  await clinic.talks(call);
  const record = await clinic.record(call);
  expect(record).toMatchObject({ outcome: 'failed' });

  const next = await clinic.call(EXAMPLES.unknown.number);
  await next.answered();
  await other.rings();
  await other.answers();
  await next.rtp.hearsTone(440, soon());
  await next.hangUp();
  await other.isReleased();
  expect(await clinic.record(next)).toMatchObject({ outcome: 'talked', answered_by: '221' });

  // Of the first conversation the caller hangs up; the phone must be let off.
  await call.hangUp();
  await scheduling.isReleased();
  report({
    broken: 'app killed while two talk',
    callersHeard: 'each other, on and on',
    offered: 2,
    answered: 2,
    lost: 0,
    events: "the call's record ends as failed",
    recoveredMs,
  });
});

test('the app is killed while a caller is in a prompt: the caller is released, never left in silence', async () => {
  const call = await clinic.call(EXAMPLES.unknown.number);
  await call.answered();
  // A leg of the last milliseconds, not stored yet, is one that the restarted app cannot know of.
  const leg = () => clinic.rows('select from call_leg where sip_call_id = $1', [call.callId]);
  await until(async () => ((await leg()).length > 0 ? true : null), 'the leg to be stored');
  const killedAt = await crash(clinic, 'app');
  await call.hungUpByClinic(20_000);
  const releasedMs = Date.now() - killedAt;
  await appIsUp(clinic);
  const recoveredMs = Date.now() - killedAt;
  expect(await clinic.record(call)).toMatchObject({ outcome: 'failed' });
  const scheduling = await clinic.phone('220');
  await wholeCall(scheduling);
  report({
    broken: 'app killed, caller in a prompt',
    callersHeard: `the prompt cut off, released after ${(releasedMs / 1000).toFixed(1)} s`,
    offered: 2,
    answered: 2,
    lost: 1,
    events: "the call's record ends as failed",
    recoveredMs,
  });
});

test('Postgres is away when the app starts: phones register and calls are routed by the last good rules', async () => {
  const registered = await clinic.phone('221');
  await clinic.way.cut();
  const killedAt = await crash(clinic, 'app');
  await appIsUp(clinic);
  const recoveredMs = Date.now() - killedAt;
  // By its digest secret, which the snapshot holds.
  const scheduling = await clinic.phone('220');
  const call = await talkTo(scheduling);
  await call.hangUp();
  await scheduling.isReleased();
  await clinic.way.mend();
  const record = await clinic.record(call);
  expect(record).toMatchObject({ outcome: 'talked', answered_by: '220' });
  report({
    broken: 'Postgres away when the app starts',
    callersHeard: 'nothing of it',
    offered: 1,
    answered: 1,
    lost: 0,
    events: `${await expectWholeRecord(clinic, record)}, stored when it was back`,
    recoveredMs,
  });
  void registered;
});
