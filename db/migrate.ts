import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';

/** Brings the schema up to date; two starting servers wait for each other on node-pg-migrate's advisory lock. */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const ran = await runner({
    databaseUrl,
    dir: fileURLToPath(new URL('./migrations', import.meta.url)),
    direction: 'up',
    migrationsTable: 'schema_migration',
    advisoryLockMode: 'wait',
    checkOrder: false, // branches land out of timestamp order; each migration stands alone
    log: () => {},
  });
  return ran.map((migration) => migration.name);
}
