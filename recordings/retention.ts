import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { appendAudit } from '../db/audit.ts';
import type { Db } from '../db/db.ts';
import { expiredRecordings, findRecording, markDestroyed } from '../db/recordings.ts';

export type Destruction = { readonly recordingId: string; readonly actor: string; readonly reason: string };
export type DestroyResult =
  | { readonly kind: 'destroyed' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'already' }
  | { readonly kind: 'running' }
  | { readonly kind: 'held'; readonly because: string };

/**
 * Destroys a recording: its key first, so that copies of its bytes mean nothing from then on, then the bytes, and leaves
 * a certificate. What backups hold is readable until their copy of the key table is gone too. Audited before it is done.
 */
export async function destroyRecording(db: Db, folder: string, destruction: Destruction): Promise<DestroyResult> {
  const row = await findRecording(db, destruction.recordingId);
  if (!row) return { kind: 'unknown' };
  if (row.state === 'destroyed') return { kind: 'already' };
  if (row.state === 'recording') return { kind: 'running' };
  if (row.legalHold !== null) return { kind: 'held', because: row.legalHold };
  await appendAudit(db, {
    actor: destruction.actor,
    action: 'recording.destroy',
    subject: `recording:${row.id}`,
    detail: { call: row.callId, reason: destruction.reason, sha256: row.sha256 },
  });
  if (!(await markDestroyed(db, destruction))) return { kind: 'held', because: 'held or destroyed meanwhile' };
  await rm(join(folder, row.path), { force: true });
  return { kind: 'destroyed' };
}

/** Destroys what its retention rule no longer keeps; resolves with how many. A legal hold wins. */
export async function destroyExpired(db: Db, folder: string, now: Date): Promise<number> {
  let destroyed = 0;
  for (const { id } of await expiredRecordings(db, now)) {
    const result = await destroyRecording(db, folder, {
      recordingId: id,
      actor: 'retention',
      reason: 'its retention rule keeps it no longer',
    });
    if (result.kind === 'destroyed') destroyed += 1;
  }
  return destroyed;
}
