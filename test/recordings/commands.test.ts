import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findRecording, sealedKeyOf } from '../../db/recordings.ts';
import type { Recorder } from '../../recordings/recorder.ts';
import { type RecordingClinic, startRecordingClinic } from './clinic.ts';
import { ForkingChannel, share } from './media-server.ts';

let clinic: RecordingClinic;
let recorder: Recorder;
let folder: string;
beforeAll(async () => {
  clinic = await startRecordingClinic();
  recorder = await clinic.recorder();
  folder = await mkdtemp(join(tmpdir(), 'chartline-export-'));
});
afterAll(async () => {
  await recorder?.close();
  await clinic?.close();
  await rm(folder, { recursive: true, force: true });
});

async function record(ms = 1000): Promise<{ callId: string; id: string; path: string }> {
  const callId = await clinic.call();
  const session = recorder.open({ callId, startedAt: new Date(), law: 'PCMU' });
  const channel = await ForkingChannel.connect(session.forkUrl);
  await session.opened;
  await channel.talk(ms);
  await channel.hangUp();
  await session.stop();
  const row = await findRecording(clinic.pool, session.id);
  return { callId, id: session.id, path: join(clinic.dataFolder, 'recordings', row?.path ?? '') };
}

/** Runs a command as `npm run` does. */
async function chartline(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = clinic.spawn('app/cli/main.ts', { CHARTLINE_READER_PORT: String(clinic.readerPort) }, args);
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('no pipes');
  const [[code], out, err] = await Promise.all([once(child, 'exit'), text(stdout), text(stderr)]);
  return { code: code as number, out, err };
}

test('a call is listed, exported with who and why inside, and the export is on record', async () => {
  const { callId, id } = await record();
  expect((await chartline('recordings', 'list')).out).toContain(callId);
  const out = join(folder, 'call.wav');
  expect(await chartline('recordings', 'export', callId.slice(0, 13), '--out', out)).toMatchObject({ code: 2 });
  const done = await chartline('recordings', 'export', callId.slice(0, 13), '--out', out, '--reason', 'patient asked');
  expect(done).toMatchObject({ code: 0, err: '' });
  const wav = await readFile(out);
  expect((await stat(out)).mode & 0o077).toBe(0);
  expect(wav.toString('utf8', 0, 400)).toContain('patient asked');
  expect(share(wav.subarray(wav.length - 32_000), 0, 440)).toBeGreaterThan(0.95);
  const { rows } = await clinic.pool.query('select action, reason from recording_access where recording_id = $1', [id]);
  expect(rows).toEqual([{ action: 'export', reason: 'patient asked' }]);
});

test('the accounting of disclosures names who heard a patient’s calls, and nobody else’s', async () => {
  const [theirs, other] = [await record(), await record()];
  await clinic.pool.query(`update call set patient_id = 'patient-7' where id = $1`, [theirs.callId]);
  const access = { actor: 'dr-test', action: 'listen', reason: 'complaint 31' } as const;
  for (const { id } of [theirs, other]) await clinic.reader.open(id, access);
  const { code, out } = await chartline('recordings', 'disclosures', 'patient-7');
  expect(code).toBe(0);
  expect(out.trim().split('\n')).toEqual([expect.stringMatching(/dr-test {2}listen {2}call .* {2}complaint 31$/)]);
  expect(out).toContain(theirs.callId);
});

test('verify names what is changed, missing, left over, keyless or nobody’s, and calls without their audio', async () => {
  expect((await chartline('recordings', 'verify', '--open')).code).toBe(0);
  const [changed, missing, keyless] = [await record(), await record(), await record()];
  await appendFile(changed.path, 'x');
  await rm(missing.path);
  await clinic.pool.query('delete from recording_key where recording_id = $1', [keyless.id]);
  await writeFile(join(clinic.dataFolder, 'recordings', 'stray.sealed'), 'x');
  const silent = await clinic.call();
  await clinic.pool.query(`update call set bridged_at = now(), ended_at = now(), outcome = 'talked' where id = $1`, [
    silent,
  ]);
  await clinic.pool.query(
    `insert into consent (call_id, party, at, outcome, because) values ($1, 'caller', now(), 'announced', 'x')`,
    [silent],
  );
  const { code, out } = await chartline('recordings', 'verify');
  expect(code).toBe(1);
  expect(out).toContain(`changed: ${changed.id}`);
  expect(out).toContain(`missing: ${missing.id}`);
  expect(out).toContain(`keyless: ${keyless.id}`);
  expect(out).toContain('orphan: stray.sealed');
  expect(out).toContain(`unrecorded call: ${silent}`);
  expect(out).toContain('5 faults');
});

test('destroying takes a reason, leaves a certificate, and a legal hold wins over it and over retention', async () => {
  const { callId, id, path } = await record();
  expect((await chartline('recordings', 'destroy', callId)).code).toBe(2);
  expect((await chartline('recordings', 'hold', callId, '--reason', 'subpoena 12')).code).toBe(0);
  const refused = await chartline('recordings', 'destroy', callId, '--reason', 'patient asked');
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('subpoena 12') });
  await clinic.pool.query(`update recording set started_at = now() - interval '400 days' where id = $1`, [id]);
  expect((await chartline('recordings', 'retention')).out).toMatch(/^0 recordings/);
  expect((await chartline('recordings', 'release', callId, '--reason', 'case closed')).code).toBe(0);
  expect((await chartline('recordings', 'retention')).out).toMatch(/^1 recordings/);
  await expect(stat(path)).rejects.toThrow('ENOENT');
  expect(await sealedKeyOf(clinic.pool, id)).toBeNull();
  const { rows } = await clinic.pool.query(
    'select actor, sha256 is not null as known from destruction_certificate where recording_id = $1',
    [id],
  );
  expect(rows).toEqual([{ actor: 'retention', known: true }]);
});

test('a line’s own retention rule goes before the one for every line, and empty keeps forever', async () => {
  const { callId, id } = await record();
  await clinic.pool.query(`update call set line = '+12125550100' where id = $1`, [callId]);
  await clinic.pool.query(`insert into retention_rule (line, keep) values ('+12125550100', null)`);
  await clinic.pool.query(`update recording set started_at = now() - interval '400 days' where id = $1`, [id]);
  expect((await chartline('recordings', 'retention')).out).toMatch(/^0 recordings/);
  await clinic.pool.query(`update retention_rule set keep = interval '90 days' where line = '+12125550100'`);
  expect((await chartline('recordings', 'retention')).out).toMatch(/^1 recordings/);
});

test('key rotation rewrites only the small messages: old and new recordings open, no sealed file changes', async () => {
  const before = await record();
  const sealedFile = await readFile(before.path);
  const oldKey = await sealedKeyOf(clinic.pool, before.id);
  const { code, out } = await chartline('recordings', 'rotate-keys', '--reason', 'yearly');
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/^new key pair; [1-9]/) });
  const newKey = await sealedKeyOf(clinic.pool, before.id);
  expect(newKey?.publicKeyId).not.toBe(oldKey?.publicKeyId);
  expect((await readFile(before.path)).equals(sealedFile)).toBe(true);
  const after = await record();
  expect((await sealedKeyOf(clinic.pool, after.id))?.publicKeyId).toBe(newKey?.publicKeyId);
  const by = { actor: 'dr-test', reason: 'drill' };
  expect(await clinic.reader.check(before.id, by)).toBeNull();
  expect(await clinic.reader.check(after.id, by)).toBeNull();
  const keys = await readdir(join(clinic.dataFolder, 'keys'));
  expect(keys.sort()).toEqual([`private-${oldKey?.publicKeyId}.pem`, 'private.pem', 'public.pem']);
  for (const name of keys.filter((each) => each.startsWith('private'))) {
    expect((await stat(join(clinic.dataFolder, 'keys', name))).mode & 0o777).toBe(0o600);
  }
});

test('the audit is verified, anchored and exported at the command line', async () => {
  expect((await chartline('audit', 'anchor')).out).toMatch(/^anchored \d+ [0-9a-f]{64}/);
  expect(await chartline('audit', 'verify')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^unbroken: .* 1 anchors/),
  });
  const lines = (await chartline('audit', 'export')).out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ action }) => action)).toContain('recording.rotate-keys');
  const client = await clinic.pool.connect();
  await client.query('begin');
  await client.query('set local session_replication_role = replica');
  await client.query(`update audit_event set actor = 'nobody' where sequence = 2`);
  await client.query('commit');
  client.release();
  expect(await chartline('audit', 'verify')).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^BROKEN at event 2/),
  });
});
