import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RecordingAccess, Role } from '../../app/api-types.ts';
import { type RecordingClinic, startRecordingClinic } from '../recordings/clinic.ts';
import { ForkingChannel, share } from '../recordings/media-server.ts';
import { startTestHttp, type TestHttp } from '../support/http.ts';

let clinic: RecordingClinic;
let http: TestHttp;
let recordingId: string;
const cookies = new Map<Role, string>();

beforeAll(async () => {
  clinic = await startRecordingClinic();
  http = await startTestHttp({ pool: clinic.pool, reader: clinic.reader });
  for (const role of ['nurse', 'supervisor', 'front-desk'] as const) cookies.set(role, await http.login(role));
  const recorder = await clinic.recorder();
  const session = recorder.open({ callId: await clinic.call(), startedAt: new Date(), law: 'PCMU' });
  const channel = await ForkingChannel.connect(session.forkUrl, session.metadata);
  await channel.talk(2_000);
  await channel.hangUp();
  await session.stop();
  await recorder.close();
  recordingId = session.id;
});
afterAll(async () => {
  await http?.close();
  await clinic?.close();
});

const ask = (role: Role, id: string, reason: string) =>
  fetch(`${http.url}/api/recordings/${id}/accesses`, {
    method: 'POST',
    headers: { cookie: cookies.get(role) ?? '', origin: http.url, 'content-type': 'application/json' },
    body: JSON.stringify({ reason }),
  });
const play = (role: Role, url: string, range?: string) =>
  fetch(http.url + url, { headers: { cookie: cookies.get(role) ?? '', ...(range ? { range } : {}) } });
const heard = async () =>
  (
    await clinic.pool.query<{ actor: string; reason: string }>(
      `select actor, reason from recording_access where recording_id = $1 and action = 'listen' order by id`,
      [recordingId],
    )
  ).rows;

test('nobody listens without the role, a reason, and a recording', async () => {
  expect((await ask('front-desk', recordingId, 'curious about it')).status).toBe(403);
  expect((await ask('nurse', recordingId, ' a ')).status).toBe(400);
  expect((await ask('nurse', randomUUID(), 'dose was unclear')).status).toBe(404);
  expect((await play('nurse', `/api/recordings/${recordingId}/audio?access=${'x'.repeat(32)}`)).status).toBe(404);
  expect(await heard()).toEqual([]);
});

test('with a reason the sealed call is heard, seekable, noted once, by nobody else', async () => {
  const response = await ask('nurse', recordingId, 'dose was unclear');
  expect(response.status).toBe(201);
  const { url, durationMs } = (await response.json()) as RecordingAccess;
  expect(durationMs).toBe(2_000);

  const whole = await play('nurse', url);
  expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'audio/wav']);
  const wav = Buffer.from(await whole.arrayBuffer());
  expect(share(wav.subarray(44), 0, 440)).toBeGreaterThan(0.95);
  expect(share(wav.subarray(44), 1, 1000)).toBeGreaterThan(0.95);

  const part = await play('nurse', url, 'bytes=10000-19999');
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10000-19999/${wav.length}`]);
  expect(Buffer.from(await part.arrayBuffer()).equals(wav.subarray(10_000, 20_000))).toBe(true);

  expect((await play('supervisor', url)).status).toBe(404);
  expect(await heard()).toEqual([{ actor: 'user:nurse', reason: 'dose was unclear' }]);
});
