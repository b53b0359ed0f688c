import { join } from 'node:path';
import { appendAudit, type Json } from '../../db/audit.ts';
import { inTransaction, type Pool } from '../../db/db.ts';
import { findRecording, type RecordingRow, recordAccess, sealedKeyOf } from '../../db/recordings.ts';
import { type Block, channels } from '../blocks.ts';
import type { Extent } from '../extent.ts';
import type { Law } from '../g711.ts';
import type { PrivateKeys } from './private-keys.ts';
import { extentOf, openBlocks, openKey, type SealedFile, Unopenable } from './unseal.ts';

/** Who wants it and why; both are stored before anything is heard. `check`: opened to prove that it opens, not heard. */
export type Access = {
  readonly actor: string;
  readonly action: 'listen' | 'export' | 'check';
  readonly reason: string;
};

/** A recording that somebody may hear now. */
export type OpenedRecording = {
  readonly id: string;
  readonly law: Law;
  readonly startedAt: Date;
  readonly state: RecordingRow['state'];
  readonly gaps: RecordingRow['gaps'];
  /** Length in time, gaps included. */
  readonly samples: number;
  /** Decrypts from the beginning; throws `Unopenable` at the first frame that was changed. */
  readonly blocks: () => AsyncIterable<Block>;
};

export type OpenResult =
  | { readonly kind: 'opened'; readonly recording: OpenedRecording }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'destroyed' }
  | { readonly kind: 'unopenable'; readonly because: string };

export type LibraryParts = { readonly pool: Pool; readonly folder: string; readonly keys: () => PrivateKeys };

/**
 * Opens a recording for `access`. The whole of it is authenticated, and who asked is in `recording_access` and the
 * audit chain, before this resolves. Rejects when that cannot be stored: no audit, no audio.
 */
export async function openRecording(id: string, access: Access, parts: LibraryParts): Promise<OpenResult> {
  const row = await findRecording(parts.pool, id);
  if (!row) {
    await audit(parts.pool, id, access, 'denied', { because: 'unknown recording' }, false);
    return { kind: 'unknown' };
  }
  try {
    const recording = await unlock(row, parts);
    if (recording) {
      await audit(parts.pool, id, access, access.action, { call: row.callId }, true);
      return { kind: 'opened', recording };
    }
    await audit(parts.pool, id, access, 'denied', { call: row.callId, because: 'destroyed' }, true);
    return { kind: 'destroyed' };
  } catch (error) {
    if (!(error instanceof Unopenable)) throw error;
    await audit(parts.pool, id, access, 'denied', { call: row.callId, because: error.message }, true);
    return { kind: 'unopenable', because: error.message };
  }
}

/** Null: destroyed. */
async function unlock(row: RecordingRow, parts: LibraryParts): Promise<OpenedRecording | null> {
  const key = row.state === 'destroyed' ? null : await sealedKeyOf(parts.pool, row.id);
  if (!key) return null;
  const privateKey = parts.keys().byId.get(key.publicKeyId);
  if (!privateKey) throw new Unopenable(`the private key ${key.publicKeyId} is lost`);
  const { wrappingKey } = await openKey(key.sealed, row.id, key.publicKeyId, privateKey);
  const file = { path: join(parts.folder, row.path), recordingId: row.id, callId: row.callId };
  const extent = await extentOf(file.path);
  // Frames cut off at the end are missed by nothing else: each that is left is whole.
  if (row.sizeBytes !== null && row.sizeBytes !== extent.sizeBytes) throw new Unopenable('its file has another length');
  const samples = await measure(file, extent, wrappingKey);
  return {
    id: row.id,
    law: row.law,
    startedAt: row.startedAt,
    state: row.state,
    gaps: row.gaps,
    samples,
    blocks: () => openBlocks(file, extent, wrappingKey),
  };
}

async function measure(file: SealedFile, extent: Extent, wrappingKey: Uint8Array): Promise<number> {
  let end = 0;
  for await (const { start, codes } of openBlocks(file, extent, wrappingKey)) end = start + codes.length / channels;
  return end;
}

async function audit(
  pool: Pool,
  id: string,
  access: Access,
  action: Access['action'] | 'denied',
  detail: Record<string, Json>,
  known: boolean,
): Promise<void> {
  const { actor, reason } = access;
  await inTransaction(pool, async (db) => {
    if (known && action !== 'check') await recordAccess(db, { recordingId: id, actor, action, reason });
    const asked = { ...detail, asked: access.action, reason };
    await appendAudit(db, { actor, action: `recording.${action}`, subject: `recording:${id}`, detail: asked });
  });
}
