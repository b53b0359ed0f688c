import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { freePort } from '../support/free-port.ts';

/* The EHR is away from the start: identification never prevents routing. */

let clinic: Clinic;
beforeAll(async () => {
  const nobody = `http://127.0.0.1:${await freePort()}/fhir/R4`;
  clinic = await startClinic({ brief: true, withoutEhr: true, settings: { FHIR_BASE_URL: nobody } });
}, 120_000);
afterEach(() => clinic.checkIdle());
afterAll(() => clinic?.stop());

test('calls are answered and routed by default, and the screens say that the EHR is away', async () => {
  const [scheduling, screen] = await Promise.all([clinic.phone('220'), clinic.screen('supervisor')]);
  expect(await screen.showsHealth(({ ehr }) => !ehr)).toMatchObject({ signaling: true, media: true, database: true });
  const call = await clinic.call(EXAMPLES.known.number);
  await call.answered();
  await scheduling.rings();
  await scheduling.answers();
  await call.rtp.hearsTone(440, AbortSignal.timeout(10_000));
  await scheduling.hangsUp();
  await call.hungUpByClinic();
  expect(await clinic.record(call)).toMatchObject({ outcome: 'talked', answered_by: '220', patient_id: null });
});
