import { join } from 'node:path';
import { auditRows, verifyAudit } from '../../db/audit.ts';
import { anchorAudit, readAnchors } from '../../db/audit-anchor.ts';
import { openPool, type Pool } from '../../db/db.ts';
import { loadConfig } from '../config.ts';
import { databaseUrl } from '../database-url.ts';
import { auditAnchorFile } from '../upkeep.ts';

const usage = `npm run audit -- verify   proves the chain unbroken, against its head and the anchors kept beside the data
  export                  every event as a line of JSON, on standard output
  anchor                  notes the chain's head in the anchor file now; keep a copy of that file elsewhere`;

/** `npm run audit -- verify | export | anchor` */
export async function run([command = '']: string[]): Promise<number> {
  let pool: Pool | null = null;
  try {
    const config = loadConfig(process.env);
    const anchors = join(config.CHARTLINE_DATA, auditAnchorFile);
    if (!['verify', 'export', 'anchor'].includes(command)) {
      console.error(usage);
      return 2;
    }
    pool = openPool(await databaseUrl(config), { max: 1, onError: () => {} });
    if (command === 'verify') return await verify(pool, anchors);
    if (command === 'export') return await exportEvents(pool);
    const { sequence, hash } = await anchorAudit(pool, anchors);
    console.log(`anchored ${sequence} ${hash}`);
    return 0;
  } catch (error) {
    console.error(`chartline: ${(error as Error).message || (error as NodeJS.ErrnoException).code}`);
    return 1;
  } finally {
    await pool?.end();
  }
}

async function verify(pool: Pool, anchorFile: string): Promise<number> {
  const anchors = await readAnchors(anchorFile);
  const verdict = await verifyAudit(pool, anchors);
  if (verdict.kind === 'unbroken') {
    console.log(`unbroken: ${verdict.events} events, ${anchors.length} anchors, head ${verdict.head.hash}`);
    return 0;
  }
  console.log(`BROKEN at event ${verdict.brokenAt}: ${verdict.because}`);
  return 1;
}

async function exportEvents(pool: Pool): Promise<number> {
  for await (const row of auditRows(pool)) {
    if (!process.stdout.write(`${JSON.stringify(row)}\n`)) {
      await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  }
  return 0;
}
