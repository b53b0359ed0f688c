import { findCredentials } from '../../db/accounts.ts';
import { type Db, openPool } from '../../db/db.ts';
import { loadPhones } from '../../db/phones.ts';
import { demoEmergencyTrunk } from '../../db/seed-emergency.ts';
import { passwordMatches } from '../auth/passwords.ts';
import type { Config } from '../config.ts';
import { databaseUrl } from '../database-url.ts';
import { bad, type Finding, ok, warn } from './finding.ts';

/** What the database tells: its clock, trunks, lines. `demoLogins`: passwords that came with the demonstration. */
export async function checkDatabase(config: Config, demoLogins: Readonly<Record<string, string>>): Promise<Finding[]> {
  try {
    const pool = openPool(await databaseUrl(config), { max: 1, onError: () => {} });
    try {
      return [await clockOf(pool), ...(await phones(pool)), await demonstration(pool, demoLogins)];
    } finally {
      await pool.end();
    }
  } catch (error) {
    if (!config.DATABASE_URL) return [warn('the embedded database can be asked only while npm start runs')];
    return [bad(`the database cannot be asked: ${error instanceof Error ? error.message || 'no answer' : error}`)];
  }
}

async function clockOf(db: Db): Promise<Finding> {
  const before = Date.now();
  const { rows } = await db.query<{ now: Date }>('select clock_timestamp() as now');
  const middle = (before + Date.now()) / 2;
  const apart = Math.abs((rows[0]?.now.getTime() ?? 0) - middle) / 1_000;
  return apart < 2
    ? ok("the database's clock agrees")
    : bad(`the database's clock is ${apart.toFixed(0)} s apart from ours`);
}

async function phones(db: Db): Promise<Finding[]> {
  const { trunks, lines } = await loadPhones(db);
  const helpers = trunks.filter((trunk) => trunk.emergency && trunk.outboundUri);
  const emergency = helpers.some((trunk) => trunk.name !== demoEmergencyTrunk)
    ? ok('emergency calls have a trunk')
    : helpers.length > 0
      ? warn("emergency calls reach only the demonstration's answering point: nobody comes to help")
      : bad('no trunk takes emergency calls: set emergency and outbound_uri of one (npm run sql), then test with 933');
  const wide = trunks
    .filter((trunk) => trunk.source.some((network) => /\/[0-7]$/.test(network)))
    .map((trunk) =>
      bad(`trunk ${trunk.name} takes calls from ${trunk.source.join(', ')}: name the carrier's own networks`),
    );
  const zones = lines
    .filter((line) => !isTimeZone(line.timeZone))
    .map((line) => bad(`line ${line.number} is in ${line.timeZone}, which is no time zone`));
  const none = lines.length === 0 ? [warn('no line: callers reach nothing')] : [];
  return [emergency, ...wide, ...zones, ...none];
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format() !== '';
  } catch {
    return false;
  }
}

async function demonstration(db: Db, logins: Readonly<Record<string, string>>): Promise<Finding> {
  for (const [login, password] of Object.entries(logins)) {
    const credentials = await findCredentials(db, login);
    if (credentials?.enabled && (await passwordMatches(credentials.passwordHash, password)))
      return warn(`login ${login} still has the demonstration's password`);
  }
  return ok("no login has a demonstration's password");
}
