import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { crash, expectWholeRecord, report, steadyPorts } from '../support/drill.ts';

/* Postgres dies under the clinic: calls do not notice, and their record is whole afterwards (design.md §7). */

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic({ brief: true, ownPostgres: true, settings: await steadyPorts() });
}, 120_000);
afterEach(() => clinic.checkIdle());
afterAll(() => clinic?.stop());

const soon = () => AbortSignal.timeout(10_000);

test('Postgres is killed while two talk: they talk on, a new call is routed, every event is stored once', async () => {
  const [ruiz, scheduling] = await Promise.all([clinic.phone('201'), clinic.phone('220')]);
  const talking = await clinic.call(EXAMPLES.known.number);
  await talking.answered();
  talking.rtp.press('3');
  await ruiz.rings();
  await ruiz.answers();
  await talking.rtp.hearsTone(440, soon());

  const killedAt = Date.now();
  // The postmaster by itself: its end takes the sessions with it, the supervisor starts another.
  process.kill(clinic.pid('postgres-server'), 'SIGKILL');
  const during = await clinic.call(EXAMPLES.unknown.number);
  await during.answered();
  await scheduling.rings();
  await scheduling.answers();
  await during.rtp.hearsTone(440, soon());
  await talking.rtp.hearsTone(440, soon());
  await during.hangUp();
  await clinic.databaseAnswers();
  const recoveredMs = Date.now() - killedAt;
  await talking.hangUp();

  const records = [await clinic.record(talking), await clinic.record(during)];
  expect(records).toMatchObject([
    { outcome: 'talked', answered_by: '201', patient_id: EXAMPLES.known.patientId },
    { outcome: 'talked', answered_by: '220' },
  ]);
  const events = await Promise.all(records.map((record) => expectWholeRecord(clinic, record)));
  // Its connection was lost with the database; the recording was not.
  await clinic.recording(records[0]?.id as string);
  report({
    broken: 'Postgres killed, one call up, one arriving',
    callersHeard: 'nothing of it',
    offered: 2,
    answered: 2,
    lost: 0,
    events: `${events[0]} + ${events[1]}, none lost or doubled`,
    recoveredMs,
  });
});

test('Postgres is killed again and again while calls begin and end: every event of each is stored once', async () => {
  const scheduling = await clinic.phone('220');
  let stored = 0;
  const calls = [];
  for (let round = 0; round < 3; round += 1) {
    const call = await clinic.call(EXAMPLES.unknown.number);
    calls.push(call);
    await call.answered();
    const crashed = crash(clinic, 'postgres');
    await scheduling.rings();
    await scheduling.answers();
    await call.rtp.hearsTone(440, soon());
    await call.hangUp();
    await scheduling.isReleased();
    await crashed;
    await clinic.databaseAnswers();
  }
  for (const call of calls) stored += await expectWholeRecord(clinic, await clinic.record(call));
  report({
    broken: 'Postgres and its keeper killed three times, in three calls',
    callersHeard: 'nothing of it',
    offered: 3,
    answered: 3,
    lost: 0,
    events: `${stored}, none lost or doubled`,
    recoveredMs: null,
  });
});
