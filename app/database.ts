import { type AbandonedLeg, endAbandonedCalls, endAbandonedLegs } from '../db/calls.ts';
import { inTransaction, type Pool } from '../db/db.ts';
import { migrate } from '../db/migrate.ts';
import { loadBindings } from '../db/registrations.ts';
import { seedRouting } from '../db/seed-routes.ts';
import type { Registrar } from '../sip/registrar.ts';
import type { Logger } from './log.ts';

const retryMs = 2_000;

/**
 * Brings the schema up to date and takes up what an earlier process of this node left: registrations, and calls that
 * nobody ended. While the database is away it tries again and again; calls are taken meanwhile.
 */
export function prepareDatabase(on: {
  readonly databaseUrl: string;
  readonly pool: Pool;
  readonly node: string;
  /** IANA zone of the default hours, on a database that has none. */
  readonly timeZone: string;
  readonly registrar: Registrar;
  readonly log: Logger;
  /** Once, when the database is prepared: with what an earlier run's calls have left. */
  readonly onReady: (left: readonly AbandonedLeg[]) => void;
}): { /** Settled by the first attempt, whatever it brought. */ readonly firstTry: Promise<void>; close(): void } {
  const startedAt = new Date();
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  async function attempt(): Promise<void> {
    try {
      const ran = await migrate(on.databaseUrl);
      if (ran.length > 0) on.log.info({ migrations: ran }, 'schema brought up to date');
      await inTransaction(on.pool, (db) => seedRouting(db, on.timeZone));
      on.registrar.restore(await loadBindings(on.pool, on.node));
      const abandoned = await endAbandonedCalls(on.pool, on.node, startedAt);
      if (abandoned.length > 0) on.log.warn({ calls: abandoned.length }, 'ended calls that an earlier run left open');
      on.onReady(await endAbandonedLegs(on.pool, abandoned, startedAt));
    } catch (error) {
      on.log.error({ err: error }, 'the database could not be prepared; calls are taken without it');
      if (!closed) retry = setTimeout(() => void attempt(), retryMs);
    }
  }
  return {
    firstTry: attempt(),
    close() {
      closed = true;
      clearTimeout(retry);
    },
  };
}
