import { copyFile, open, readdir, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyAudit } from '../../db/audit.ts';
import { findRecording, recordingsOfCall, sealedKeyOf } from '../../db/recordings.ts';
import { decodeG711, encodeG711, type Law } from '../../recordings/g711.ts';
import type { Recorder } from '../../recordings/recorder.ts';
import { type RecordingClinic, startRecordingClinic } from './clinic.ts';
import { ForkingChannel, share, stereoTone } from './media-server.ts';

let clinic: RecordingClinic;
let recorder: Recorder;
beforeAll(async () => {
  clinic = await startRecordingClinic();
  recorder = await clinic.recorder();
});
afterAll(async () => {
  await recorder?.close();
  await clinic?.close();
});

async function record(ms: number, law: Law = 'PCMU') {
  const callId = await clinic.call();
  const session = recorder.open({ callId, startedAt: new Date(), law });
  const channel = await ForkingChannel.connect(session.forkUrl, session.metadata);
  await channel.talk(ms);
  await channel.hangUp();
  const result = await session.stop();
  return { callId, session, result };
}

async function listen(id: string, action: 'listen' | 'export' = 'listen') {
  const opened = await clinic.reader.open(id, { actor: 'dr-test', action, reason: 'quality review' });
  if (opened.kind !== 'opened') throw new Error(JSON.stringify(opened));
  return opened;
}

async function wavOf(id: string): Promise<Buffer> {
  const { url } = await listen(id);
  return Buffer.from(await (await clinic.reader.audio(url)).arrayBuffer());
}

/** What G.711 on the wire leaves of the tones. */
function carried(law: Law, samples: number): Buffer {
  const pcm = stereoTone(440, 1000, 0, samples);
  const codes = Buffer.alloc(samples * 2);
  encodeG711(law, pcm, codes, 0);
  return decodeG711(law, codes);
}

describe('a call is recorded', () => {
  test.each<Law>(['PCMU', 'PCMA'])('and %s comes back sample for sample, each party on its channel', async (law) => {
    const { callId, session, result } = await record(3120, law);
    expect(await session.opened).toBe(true);
    expect(session.lost.aborted).toBe(false);
    expect(result).toMatchObject({ state: 'sealed', because: null, durationMs: 3120, gaps: [] });

    const [row] = await recordingsOfCall(clinic.pool, callId);
    expect(row).toMatchObject({ id: session.id, state: 'sealed', durationMs: 3120, law, sizeBytes: result.sizeBytes });
    const file = join(clinic.dataFolder, 'recordings', row?.path ?? '');
    expect((await stat(file)).size).toBe(result.sizeBytes);
    expect(await readdir(join(clinic.dataFolder, 'recordings', 'open'))).toEqual([]);

    const wav = await wavOf(session.id);
    expect(wav.subarray(44).equals(carried(law, 3.12 * 8000))).toBe(true);
    expect(share(wav.subarray(44), 0, 440)).toBeGreaterThan(0.95);
    expect(share(wav.subarray(44), 0, 1000)).toBeLessThan(0.01);
    expect(share(wav.subarray(44), 1, 1000)).toBeGreaterThan(0.95);
  });

  test('and a reader may seek: by range, by time, from the end', async () => {
    const { session } = await record(5000);
    const { url, durationMs } = await listen(session.id);
    expect(durationMs).toBe(5000);
    const whole = Buffer.from(await (await clinic.reader.audio(url)).arrayBuffer());
    const part = await clinic.reader.audio(url, { range: 'bytes=50001-90002' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 50001-90002/${whole.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(50001, 90003))).toBe(true);
    const tail = await clinic.reader.audio(url, { range: 'bytes=-100' });
    expect(Buffer.from(await tail.arrayBuffer()).equals(whole.subarray(-100))).toBe(true);
    expect((await clinic.reader.audio(url, { range: 'bytes=99999999-' })).status).toBe(416);
    const later = Buffer.from(await (await clinic.reader.audio(`${url}?from=2.5`)).arrayBuffer());
    expect(later.subarray(44).equals(whole.subarray(44 + 2.5 * 32_000))).toBe(true);
  });

  test('and one request can bring it whole', async () => {
    const { session } = await record(1000);
    const token = await readFile(join(clinic.dataFolder, 'reader.token'), 'utf8');
    const answer = await fetch(`http://127.0.0.1:${clinic.readerPort}/recordings/${session.id}/audio`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ actor: 'dr-test', action: 'listen', reason: 'quality review' }),
    });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'audio/wav']);
    expect((await answer.arrayBuffer()).byteLength).toBe(44 + 32_000);
  });

  test('and a player that leaves in the middle leaves the reader well', async () => {
    const { session } = await record(20_000);
    const { url } = await listen(session.id);
    for (let index = 0; index < 5; index += 1) {
      const left = new AbortController();
      const answer = await clinic.reader.audio(url, { signal: left.signal });
      await answer.body?.getReader().read();
      left.abort();
    }
    expect((await clinic.reader.audio(url, { range: 'bytes=0-99' })).status).toBe(206);
  });

  test('and every access is written down before it is heard, an export says inside who and why', async () => {
    const { session } = await record(1000);
    const { url } = await listen(session.id, 'export');
    const { rows } = await clinic.pool.query(
      `select actor, action, reason from recording_access where recording_id = $1`,
      [session.id],
    );
    expect(rows).toEqual([{ actor: 'dr-test', action: 'export', reason: 'quality review' }]);
    const audit = await clinic.pool.query(`select action, detail from audit_event where subject = $1`, [
      `recording:${session.id}`,
    ]);
    expect(audit.rows).toMatchObject([{ action: 'recording.export', detail: { reason: 'quality review' } }]);
    const wav = Buffer.from(await (await clinic.reader.audio(url)).arrayBuffer());
    expect(wav.toString('latin1', 36, 300)).toMatch(/LIST.*INFOICMT.*exported .* by dr-test: quality review/s);
    expect(wav.readUInt32LE(4)).toBe(wav.length - 8);
    expect((await verifyAudit(clinic.pool)).kind).toBe('unbroken');
  });

  test('and nothing of it lies readable in the data folder', async () => {
    const { session } = await record(2000);
    const pcm = carried('PCMU', 1600);
    const codes = Buffer.alloc(3200);
    encodeG711('PCMU', pcm, codes, 0);
    const needles = [pcm.subarray(400, 432), codes.subarray(100, 116), codes.subarray(1000, 1016)];
    const names = await readdir(clinic.dataFolder, { recursive: true, withFileTypes: true });
    const files = names.filter((each) => each.isFile());
    expect(files.some(({ name }) => name === `${session.id}.sealed`)).toBe(true);
    for (const { parentPath, name } of files) {
      const bytes = await readFile(join(parentPath, name));
      for (const needle of needles) expect(bytes.includes(needle)).toBe(false);
    }
    expect((await wavOf(session.id)).includes(needles[0] ?? '')).toBe(true); // the search itself can find it
  });
});

(process.platform === 'linux' ? test : test.skip)(
  'neither recorder nor reader would leave memory in a core dump',
  async () => {
    for (const pid of [process.pid, clinic.readerPid]) {
      expect(await readFile(`/proc/${pid}/coredump_filter`, 'utf8')).toMatch(/^0+\n$/);
    }
  },
);

describe('the reader refuses', () => {
  test('a request without its token, and audits it', async () => {
    const { session } = await record(500);
    const answer = await fetch(`http://127.0.0.1:${clinic.readerPort}/recordings/${session.id}/accesses`, {
      method: 'POST',
      headers: { authorization: 'Bearer wrong' },
      body: JSON.stringify({ actor: 'x', action: 'listen', reason: 'y' }),
    });
    expect(answer.status).toBe(401);
    const { rows } = await clinic.pool.query(`select 1 from audit_event where actor = 'unauthenticated'`);
    expect(rows).toHaveLength(1);
  });

  test('everything while the access cannot be written down', async () => {
    const { session } = await record(500);
    const access = { actor: 'dr-test', action: 'listen', reason: 'r' } as const;
    for (const table of ['audit_event', 'recording_access']) {
      await clinic.pool.query(`alter table ${table} rename to moved`);
      try {
        const refused = await clinic.reader.open(session.id, access);
        expect(refused).toMatchObject({ kind: 'refused', status: 503 });
        expect(JSON.stringify(refused)).not.toContain('/audio/');
      } finally {
        await clinic.pool.query(`alter table moved rename to ${table}`);
      }
    }
    const { rows } = await clinic.pool.query('select 1 from recording_access where recording_id = $1', [session.id]);
    expect(rows).toEqual([]);
    expect(await clinic.reader.open(session.id, access)).toMatchObject({ kind: 'opened' });
  });

  test('an access without a reason, an unknown recording, a made-up URL', async () => {
    const { session } = await record(500);
    const access = { actor: 'dr-test', action: 'listen', reason: ' ' } as const;
    expect(await clinic.reader.open(session.id, access)).toMatchObject({ kind: 'refused', status: 400 });
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect(await clinic.reader.open(unknown, { ...access, reason: 'r' })).toMatchObject({ status: 404 });
    expect((await clinic.reader.audio(`/audio/${'a'.repeat(32)}.wav`)).status).toBe(404);
  });

  test('a file in which one bit was changed, that is another recording, or that was shortened', async () => {
    const first = await record(2000);
    const second = await record(2000);
    const pathOf = async (id: string) =>
      join(clinic.dataFolder, 'recordings', (await findRecording(clinic.pool, id))?.path ?? '');
    const file = await open(await pathOf(first.session.id), 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, 20_000);
    await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 20_000);
    await file.close();
    const access = { actor: 'dr-test', action: 'listen', reason: 'r' } as const;
    expect(await clinic.reader.open(first.session.id, access)).toMatchObject({ status: 422 });
    await copyFile(await pathOf(second.session.id), await pathOf(first.session.id));
    expect(await clinic.reader.open(first.session.id, access)).toMatchObject({ status: 422 });
    const third = await record(2000);
    await truncate(await pathOf(third.session.id), third.result.sizeBytes - 9000);
    expect(await clinic.reader.open(third.session.id, access)).toMatchObject({ status: 422 });
    const { rows } = await clinic.pool.query(`select action from recording_access where recording_id = $1`, [
      first.session.id,
    ]);
    expect(rows).toEqual([{ action: 'denied' }, { action: 'denied' }]);
  });

  test('a recording whose caller opted out: key and bytes are gone, the certificate is there', async () => {
    const callId = await clinic.call();
    const session = recorder.open({ callId, startedAt: new Date(), law: 'PCMU' });
    const channel = await ForkingChannel.connect(session.forkUrl);
    await channel.talk(1000);
    await session.discard('caller pressed the opt-out key');
    expect(await findRecording(clinic.pool, session.id)).toMatchObject({ state: 'destroyed' });
    expect(await sealedKeyOf(clinic.pool, session.id)).toBeNull();
    const files = await readdir(join(clinic.dataFolder, 'recordings'), { recursive: true });
    expect(files.filter((name) => name.includes(session.id))).toEqual([]);
    const certificate = await clinic.pool.query(`select reason from destruction_certificate where recording_id = $1`, [
      session.id,
    ]);
    expect(certificate.rows).toEqual([{ reason: 'caller pressed the opt-out key' }]);
    const access = { actor: 'dr-test', action: 'listen', reason: 'r' } as const;
    expect(await clinic.reader.open(session.id, access)).toMatchObject({ status: 410 });
  });
});

describe('the fork socket', () => {
  test('opens once with its token, and not without', async () => {
    const session = recorder.open({ callId: await clinic.call(), startedAt: new Date(), law: 'PCMU' });
    const channel = await ForkingChannel.connect(session.forkUrl);
    await expect(ForkingChannel.connect(session.forkUrl)).rejects.toThrow('404');
    await expect(ForkingChannel.connect(session.forkUrl.replace(/.$/, '!'))).rejects.toThrow('404');
    await channel.talk(200);
    expect(await session.stop()).toMatchObject({ state: 'sealed', durationMs: 200 });
  });
});
