import { join } from 'node:path';
import { anchorAudit } from '../db/audit-anchor.ts';
import type { Db } from '../db/db.ts';
import { destroyExpired } from '../recordings/retention.ts';
import { verifyRecordings } from '../recordings/verify.ts';
import type { Logger } from './log.ts';

const firstMs = 60_000;
const everyMs = 24 * 60 * 60_000;
const lookBackMs = 2 * everyMs;

/** Beside the data; copy it to another machine, where whoever can change the database cannot reach it. */
export const auditAnchorFile = 'audit-anchors.jsonl';

/**
 * Once a day, first a minute after the start: destroys recordings whose time is over, compares rows, keys and files, and
 * anchors the audit. Doing it twice, or on two nodes, does no harm.
 */
export function startUpkeep(on: { readonly db: Db; readonly dataFolder: string; readonly log: Logger }): {
  close(): void;
} {
  const recordings = join(on.dataFolder, 'recordings');
  const steps: Readonly<Record<string, () => Promise<void>>> = {
    retention: async () => {
      const destroyed = await destroyExpired(on.db, recordings, new Date());
      if (destroyed > 0) on.log.info({ recordings: destroyed }, 'recordings destroyed by their retention rule');
    },
    reconcile: async () => {
      const now = new Date();
      const since = new Date(now.getTime() - lookBackMs);
      const { faults } = await verifyRecordings(on.db, recordings, { now, since, readSince: since });
      const kinds = faults.map(({ kind }) => kind);
      if (faults.length > 0) on.log.error({ faults: kinds }, 'recordings are not whole: npm run recordings -- verify');
    },
    anchor: async () => {
      await anchorAudit(on.db, join(on.dataFolder, auditAnchorFile));
    },
  };
  const run = async () => {
    for (const [step, work] of Object.entries(steps)) {
      await work().catch((error: Error) => on.log.error({ err: error, step }, 'daily upkeep failed'));
    }
  };
  const timers = [setTimeout(() => void run(), firstMs), setInterval(() => void run(), everyMs)];
  for (const timer of timers) timer.unref();
  return { close: () => timers.forEach(clearTimeout) };
}
