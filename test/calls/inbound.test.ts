import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { demoClinic } from '../../embedded/demo.ts';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { hasTone, sine } from '../../embedded/phone/tone.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import type { TrunkCall } from '../support/sipp.ts';

/* The main job, end to end, on real SIP and RTP: answered, known, shown, routed, bridged, recorded. */

const callerHertz = 700;
const phoneHertz = 440;
const soon = (ms = 15_000) => AbortSignal.timeout(ms);

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic();
}, 120_000);
afterEach(() => clinic.checkIdle());
afterAll(() => clinic?.stop());

/** The caller hears the greeting and the menu, and presses a key in it. */
async function throughTheMenu(call: TrunkCall, key: string): Promise<void> {
  await call.answered();
  await call.rtp.hearsSpeech(soon());
  call.rtp.press(key);
}

/** Whether 200 ms on end of these samples are the tone. */
function holdsTone(samples: Int16Array, hertz: number): boolean {
  for (let at = 0; at + 1600 <= samples.length; at += 400)
    if (hasTone(samples.subarray(at, at + 1600), hertz)) return true;
  return false;
}

test.each([
  { law: 'PCMU', endedBy: 'caller' },
  { law: 'PCMA', endedBy: 'staff' },
] as const)(
  'a known patient reaches the PCP over $law, both are heard and recorded, the $endedBy hangs up',
  async ({ law, endedBy }) => {
    const ruiz = await clinic.phone('201', { toneHertz: phoneHertz });
    const call = await clinic.call(EXAMPLES.known.number, { laws: [law] });
    await call.response((status) => status === 180);
    await throughTheMenu(call, '3');

    await ruiz.rings();
    await ruiz.answers();
    call.rtp.play(sine(callerHertz, 1_000));
    await call.rtp.hearsTone(phoneHertz, soon());
    expect(call.rtp.remote?.law).toBe(law);
    await clinic.talks(call);
    if (endedBy === 'caller') {
      await call.hangUp();
      await ruiz.isReleased();
    } else {
      await ruiz.hangsUp();
      await call.hungUpByClinic();
    }

    expect(holdsTone(await ruiz.heard(), callerHertz)).toBe(true);
    const record = await clinic.record(call);
    expect(record).toMatchObject({
      direction: 'inbound',
      line: demoClinic.mainLine,
      caller_number: EXAMPLES.known.number,
      match_kind: 'one',
      patient_id: EXAMPLES.known.patientId,
      outcome: 'talked',
      answered_by: '201',
    });
    const events = await clinic.rows('select sequence, kind from call_event where call_id = $1 order by sequence', [
      record.id,
    ]);
    expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1));
    const decisions = await clinic.rows('select rule_name, reasons, steps from decision where call_id = $1', [
      record.id,
    ]);
    expect(decisions).toHaveLength(1);
    expect(decisions[0]?.reasons).toEqual(
      expect.arrayContaining([expect.objectContaining({ applied: true, because: expect.any(String) })]),
    );

    const recording = await clinic.recording(record.id);
    expect(holdsTone(recording.caller, callerHertz)).toBe(true);
    expect(holdsTone(recording.heard, phoneHertz)).toBe(true);
    // Each party is on its own channel only.
    expect(holdsTone(recording.caller, phoneHertz)).toBe(false);
    expect(holdsTone(recording.heard, callerHertz)).toBe(false);
  },
);
