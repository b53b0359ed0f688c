import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openPool } from '../../db/db.ts';
import { findRecording, recordingsOfCall, sealedKeyOf } from '../../db/recordings.ts';
import { ForkServer } from '../../recordings/fork-server.ts';
import type { RecordingLost } from '../../recordings/session.ts';
import { end, firstLine, type RecordingClinic, startRecordingClinic } from './clinic.ts';
import { ForkingChannel, share } from './media-server.ts';

let clinic: RecordingClinic;
beforeAll(async () => {
  clinic = await startRecordingClinic();
});
afterAll(() => clinic?.close());

const why = { actor: 'dr-test', action: 'listen', reason: 'test' } as const;

async function pcmOf(id: string): Promise<Buffer> {
  const opened = await clinic.reader.open(id, why);
  if (opened.kind !== 'opened') throw new Error(JSON.stringify(opened));
  return Buffer.from(await (await clinic.reader.audio(opened.url)).arrayBuffer()).subarray(44);
}

test('a recorder killed mid-call loses at most two seconds; all before opens, and the next start closes it', async () => {
  const killed = clinic.spawn('test/recordings/recorder-worker.ts', { CALL_ID: await clinic.call() });
  const { id, forkUrl } = (await firstLine(killed)) as { id: string; forkUrl: string };
  const channel = await ForkingChannel.connect(forkUrl);
  channel.socket.on('error', () => {});
  await channel.talk(4300, { speed: 1 });
  await end(killed, 'SIGKILL');
  expect(await findRecording(clinic.pool, id)).toMatchObject({ state: 'recording' });

  const recorder = await clinic.recorder();
  try {
    const row = await findRecording(clinic.pool, id);
    expect(row).toMatchObject({ state: 'broken', because: 'the recorder was cut off' });
    expect(row?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await readdir(join(clinic.dataFolder, 'recordings', 'open'))).toEqual([]);
    const pcm = await pcmOf(id);
    expect(pcm.length / 32_000).toBeGreaterThan(2.3);
    expect(share(pcm, 0, 440)).toBeGreaterThan(0.95);
  } finally {
    await recorder.close();
  }
}, 30_000);

test('a lost media socket is told at once, restarted on the same recording, and the gap is timed', async () => {
  const recorder = await clinic.recorder();
  try {
    const session = recorder.open({ callId: await clinic.call(), startedAt: new Date(), law: 'PCMU' });
    const channel = await ForkingChannel.connect(session.forkUrl);
    await session.opened;
    await channel.talk(1000, { speed: 1 });
    const lost = once(session.lost, 'abort');
    const before = performance.now();
    channel.socket.terminate();
    await lost;
    expect(session.lost.reason).toEqual({ kind: 'disconnected', because: 'the media socket was lost' });
    await new Promise((resolve) => setTimeout(resolve, 700)); // the outage itself
    const segment = session.restart();
    const again = await ForkingChannel.connect(segment.forkUrl);
    const outageMs = performance.now() - before;
    expect(await segment.opened).toBe(true);
    await again.talk(1000, { speed: 1, left: 600 });
    await again.hangUp();
    const result = await session.stop();
    expect(result.state).toBe('sealed');
    expect(result.gaps).toMatchObject([{ reason: 'disconnected' }]);
    const [gap] = result.gaps;
    expect(Math.abs((gap?.lengthMs ?? 0) - outageMs)).toBeLessThan(150);
    const pcm = await pcmOf(session.id);
    const second = pcm.subarray(((gap?.atMs ?? 0) + (gap?.lengthMs ?? 0)) * 32);
    expect(share(pcm.subarray(0, 0.9 * 32_000), 0, 440)).toBeGreaterThan(0.9);
    expect(share(second.subarray(0, 0.9 * 32_000), 0, 600)).toBeGreaterThan(0.9);
    expect(pcm.subarray(1.1 * 32_000, 1.5 * 32_000).every((byte) => byte === 0)).toBe(true);
  } finally {
    await recorder.close();
  }
}, 30_000);

test('a pause (payment) leaves silence of its length', async () => {
  const recorder = await clinic.recorder();
  try {
    const session = recorder.open({ callId: await clinic.call(), startedAt: new Date(), law: 'PCMU' });
    const channel = await ForkingChannel.connect(session.forkUrl);
    await session.opened;
    await channel.talk(600, { speed: 1 });
    session.pause();
    await channel.talk(600, { speed: 1, left: 2000 });
    session.resume();
    await channel.talk(600, { speed: 1 });
    await channel.hangUp();
    const result = await session.stop();
    expect(result).toMatchObject({ state: 'sealed', gaps: [{ reason: 'paused' }] });
    const pcm = await pcmOf(session.id);
    expect(share(pcm, 0, 2000)).toBeLessThan(0.02);
    expect(result.durationMs).toBeGreaterThan(1700);
  } finally {
    await recorder.close();
  }
}, 30_000);

test('without a database the audio is sealed all the same, and its rows come when the database does', async () => {
  const away = openPool('postgres://nobody@127.0.0.1:1/none', { onError: () => {} });
  const recorder = await clinic.recorder({ pool: away });
  const session = recorder.open({ callId: await clinic.call(), startedAt: new Date(), law: 'PCMU' });
  const channel = await ForkingChannel.connect(session.forkUrl);
  await session.opened;
  await channel.talk(1000);
  await channel.hangUp();
  expect(await session.stop()).toMatchObject({ state: 'sealed', durationMs: 1000 });
  await recorder.close();
  await away.end();
  expect(await findRecording(clinic.pool, session.id)).toBeNull();

  const next = await clinic.recorder();
  try {
    expect(await findRecording(clinic.pool, session.id)).toMatchObject({ state: 'sealed', durationMs: 1000 });
    expect((await pcmOf(session.id)).length).toBe(32_000);
  } finally {
    await next.close();
  }
});

test('a recording whose call has no row yet waits for it, and keeps nobody else waiting', async () => {
  const recorder = await clinic.recorder();
  try {
    const early = randomUUID();
    for (const callId of [early, await clinic.call()]) {
      const session = recorder.open({ callId, startedAt: new Date(), law: 'PCMU' });
      const channel = await ForkingChannel.connect(session.forkUrl);
      await session.opened;
      await channel.talk(500);
      await channel.hangUp();
      expect(await session.stop()).toMatchObject({ state: 'sealed' });
      const stored = await findRecording(clinic.pool, session.id);
      expect(stored?.state).toBe(callId === early ? undefined : 'sealed');
    }
    await clinic.pool.query(
      `insert into call (id, owner_node, direction, started_at) values ($1, 'node-1', 'inbound', now())`,
      [early],
    );
    await recorder.close();
    const next = await clinic.recorder();
    expect(await recordingsOfCall(clinic.pool, early)).toMatchObject([{ state: 'sealed', durationMs: 500 }]);
    await next.close();
  } finally {
    await recorder.close().catch(() => {});
  }
});

test('an opt-out while the database is away leaves neither bytes nor key, then or later', async () => {
  const away = openPool('postgres://nobody@127.0.0.1:1/none', { onError: () => {} });
  const recorder = await clinic.recorder({ pool: away });
  const session = recorder.open({ callId: await clinic.call(), startedAt: new Date(), law: 'PCMU' });
  const channel = await ForkingChannel.connect(session.forkUrl);
  await session.opened;
  await channel.talk(500);
  await session.discard('caller opted out');
  await recorder.close();
  await away.end();
  const files = await readdir(join(clinic.dataFolder, 'recordings'), { recursive: true });
  expect(files.filter((name) => name.includes(session.id))).toEqual([join('open', `${session.id}.json`)]);
  const entry = await readFile(join(clinic.dataFolder, 'recordings', 'open', `${session.id}.json`), 'utf8');
  expect(JSON.parse(entry)).toMatchObject({ sealedKey: '', end: { state: 'destroyed' } });
  const next = await clinic.recorder();
  expect(await findRecording(clinic.pool, session.id)).toMatchObject({ state: 'destroyed' });
  expect(await sealedKeyOf(clinic.pool, session.id)).toBeNull();
  await next.close();
});

(spawnSync('openssl', ['version']).status === 0 ? test : test.skip)(
  'forks come by wss when the recorder has a certificate',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chartline-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const names = ['-subj', '/CN=recorder.example', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...names], {
      stdio: 'ignore',
    });
    const tls = { key: await readFile(key), cert: await readFile(cert) };
    const forks = await ForkServer.listen({ host: '127.0.0.1', port: 0, advertisedHost: 'localhost', tls });
    const heard: Buffer[] = [];
    const { promise: ended, resolve } = Promise.withResolvers<boolean>();
    const fork = forks.expect({ connected: () => {}, audio: (pcm) => heard.push(pcm), disconnected: resolve });
    expect(fork.url).toMatch(/^wss:\/\/localhost:/);
    const channel = await ForkingChannel.connect(fork.url, {}, { ca: tls.cert });
    await channel.talk(100);
    await channel.hangUp();
    expect(await ended).toBe(true);
    expect(Buffer.concat(heard)).toHaveLength(3200);
    await forks.close();
    await rm(folder, { recursive: true });
  },
);

test('without a public key nothing is recorded, nothing throws, and the caller of the recorder is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chartline-keyless-'));
  const recorder = await clinic.recorder({ folder });
  const session = recorder.open({ callId: await clinic.call(), startedAt: new Date(), law: 'PCMU' });
  await once(session.lost, 'abort');
  expect((session.lost.reason as RecordingLost).kind).toBe('broken');
  expect(await session.stop()).toMatchObject({ state: 'broken', sizeBytes: 0 });
  await recorder.close();
  await rm(folder, { recursive: true });
});

test('a taken port is one line that names the setting', async () => {
  const second = clinic.spawn('recordings/reader/main.ts', { CHARTLINE_READER_PORT: String(clinic.readerPort) });
  let said = '';
  second.stderr?.on('data', (bytes) => {
    said += bytes;
  });
  const [code] = await once(second, 'exit');
  expect(code).toBe(1);
  expect(said.trim().split('\n')).toEqual([expect.stringContaining('CHARTLINE_READER_PORT')]);
});

const isRoot = process.getuid?.() === 0;
(isRoot ? test : test.skip)('a full disk breaks the recording, not the call; what was taken opens', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chartline-full-'));
  const recordings = join(folder, 'recordings');
  await mkdir(recordings);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', recordings]);
  try {
    await cp(join(clinic.dataFolder, 'keys'), join(folder, 'keys'), { recursive: true });
    const recorder = await clinic.recorder({ folder });
    const session = recorder.open({ callId: await clinic.call(), startedAt: new Date(), law: 'PCMU' });
    const channel = await ForkingChannel.connect(session.forkUrl);
    await session.opened;
    const lost = once(session.lost, 'abort');
    await channel.talk(5000, { speed: 5 });
    await lost;
    expect(session.lost.reason).toEqual({ kind: 'broken', because: 'ENOSPC' });
    await channel.hangUp();
    expect(await session.stop()).toMatchObject({ state: 'broken', because: 'ENOSPC' });
    await recorder.close();
    await cp(recordings, join(clinic.dataFolder, 'recordings'), { recursive: true });
    const pcm = await pcmOf(session.id);
    expect(pcm.length / 32_000).toBeGreaterThanOrEqual(1);
    expect(share(pcm, 1, 1000)).toBeGreaterThan(0.95);
  } finally {
    execFileSync('umount', [recordings]);
    await rm(folder, { recursive: true });
  }
});
