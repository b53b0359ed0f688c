import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import type { TrunkCall } from '../support/sipp.ts';
import { until } from '../support/until.ts';

/* Callers who wait for scheduling (220 and 221), on real SIP and RTP. */

const phoneHertz = 440;
const soon = (ms = 30_000) => AbortSignal.timeout(ms);

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic();
  await clinic.rows(`
    update route_target set kind = 'queue', value = 'scheduling', ring_seconds = 6
     where position = 1 and route_id = (select id from route where name = 'appointment')`);
  // The way into the queue is not what is tried here.
  await clinic.rows(`update prompt set text = 'Hello.' where key in ('greeting', 'recording-notice', 'connecting')`);
  await clinic.rows(`update team set strategy = 'longest-idle' where name = 'scheduling'`);
}, 120_000);
afterEach(() => clinic.checkIdle());
afterAll(() => clinic?.stop());

async function callForAnAppointment(from: string): Promise<TrunkCall> {
  const call = await clinic.call(from);
  await call.answered();
  await call.rtp.hearsSpeech(soon());
  call.rtp.press('1');
  return call;
}

/** Resolves with the queue's entry once `wanted` holds for it. */
const entry = (place: number, wanted: (row: Record<string, unknown>) => boolean) =>
  until(
    async () => {
      const rows = await clinic.rows('select * from queue_entry order by entered_at');
      const row = rows[place];
      return row && wanted(row) ? row : null;
    },
    `entry ${place} of the queue`,
    20_000,
  );

test('one phone, two callers: the second waits and is answered when the first has hung up', async () => {
  const phone = await clinic.phone('220', { toneHertz: phoneHertz });
  const first = await callForAnAppointment(EXAMPLES.known.number);
  await phone.rings();
  await phone.answers();
  await first.rtp.hearsTone(phoneHertz, soon());

  const second = await callForAnAppointment(EXAMPLES.unknown.number);
  await entry(1, (row) => row.left_at === null);
  await first.hangUp();
  await phone.isReleased();
  await phone.rings();
  await phone.answers();
  await second.rtp.hearsTone(phoneHertz, soon());
  await second.hangUp();

  expect(await clinic.record(second)).toMatchObject({ outcome: 'talked', answered_by: '220' });
  const rows = await clinic.rows('select outcome from queue_entry');
  expect(rows).toEqual([{ outcome: 'answered' }, { outcome: 'answered' }]);
  await until(async () => {
    const [agent] = await clinic.rows(`select call_id, last_ended_at from queue_agent where extension = '220'`);
    return agent?.call_id === null && agent.last_ended_at !== null ? true : null;
  }, 'the phone to be free again');
  await phone.close();
});

test('a phone that does not answer costs a ring, not the place: the next phone takes the call', async () => {
  await clinic.rows('delete from queue_entry');
  const deaf = await clinic.phone('220', { toneHertz: phoneHertz });
  const other = await clinic.phone('221', { toneHertz: phoneHertz });
  await clinic.rows('delete from queue_agent');
  const call = await callForAnAppointment(EXAMPLES.known.number);
  await deaf.rings();
  await other.rings();
  await other.answers();
  await call.rtp.hearsTone(phoneHertz, soon());
  await call.hangUp();
  expect(await clinic.record(call)).toMatchObject({ outcome: 'talked', answered_by: '221' });
  await Promise.all([deaf.close(), other.close()]);
});

test('a phone that dies while it rings does not lose the caller', async () => {
  await clinic.rows('delete from queue_entry');
  await clinic.rows('delete from queue_agent');
  const dying = await clinic.phone('220', { toneHertz: phoneHertz });
  const other = await clinic.phone('221', { toneHertz: phoneHertz });
  const call = await callForAnAppointment(EXAMPLES.known.number);
  await dying.rings();
  await dying.close();
  await other.rings();
  await other.answers();
  await call.rtp.hearsTone(phoneHertz, soon());
  await call.hangUp();
  expect(await clinic.record(call)).toMatchObject({ outcome: 'talked', answered_by: '221' });
  await other.close();
});

test('nobody is there: the caller hears the place, and hanging up is an abandoned call', async () => {
  await clinic.rows('delete from queue_entry');
  const call = await callForAnAppointment(EXAMPLES.unknown.number);
  await entry(0, (row) => row.left_at === null);
  const record = await until(
    async () => {
      const [heard] =
        await clinic.rows(`select call_id from call_event where kind = 'prompt' and detail->>'key' = 'queue-position-1'
      and call_id = (select call_id from queue_entry)`);
      return heard ?? null;
    },
    'the place to be announced',
    20_000,
  );
  await call.hangUp();
  await entry(0, (row) => row.outcome === 'abandoned' && row.call_id === record.call_id);
  expect(await clinic.record(call)).toMatchObject({ outcome: 'abandoned', intent: 'appointment' });
});
