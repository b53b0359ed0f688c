import { join } from 'node:path';
import { findCredentials } from '../../db/accounts.ts';
import { type Db, inTransaction, openPool } from '../../db/db.ts';
import { migrate } from '../../db/migrate.ts';
import { loadPhones } from '../../db/phones.ts';
import { isUnconfigured, seedClinic } from '../../db/seed-demo.ts';
import { reachAnsweringPoint, seedAnsweringPoint, seedLocation } from '../../db/seed-emergency.ts';
import { seedRouting } from '../../db/seed-routes.ts';
import { demoClinic } from '../../embedded/demo.ts';
import { ha1s } from '../../sip/digest.ts';
import { hashPassword, passwordMatches } from '../auth/passwords.ts';
import { realm } from '../realm.ts';
import { secretFile } from './secret-file.ts';

type Extension = (typeof demoClinic.staff)[number]['extension'];
type Login = (typeof demoClinic.logins)[number]['login'];
export type DemoSecrets = {
  readonly extensions: Readonly<Record<Extension, string>>;
  readonly logins: Readonly<Record<Login, string>>;
};

/** The demonstration's phone secrets and passwords, made on first use and kept in the data folder, 0600. */
export function demoSecrets(dataFolder: string): DemoSecrets {
  const extensions = demoClinic.staff.map(({ extension }) => extension);
  const logins = demoClinic.logins.map(({ login }) => login);
  return {
    extensions: secretFile(join(dataFolder, 'demo-phones.json'), extensions),
    logins: secretFile(join(dataFolder, 'demo-logins.json'), logins),
  };
}

/**
 * Brings the embedded database up to date and, when nothing is in it yet, enters the demonstration clinic. Resolves with
 * the secrets that still hold; somebody may have changed them since, or removed who had them. `answeringPort`: where
 * the demonstration's 911 is; null: there is none.
 */
export async function prepareDatabase(
  url: string,
  secrets: DemoSecrets,
  answeringPort: number | null = null,
): Promise<DemoSecrets> {
  await migrate(url);
  // Nobody waits on a call yet: a busy machine may take its time.
  const pool = openPool(url, { max: 2, connectTimeoutMs: 30_000, onError: () => {} });
  try {
    if (await isUnconfigured(pool)) {
      const clinic = await hashed(secrets);
      await inTransaction(pool, async (db) => {
        await seedClinic(db, clinic);
        await seedRouting(db, clinic.timeZone);
        await seedLocation(db, demoClinic.location);
        if (answeringPort !== null) await seedAnsweringPoint(db);
      });
    }
    if (answeringPort !== null) await reachAnsweringPoint(pool, answeringPort);
    return await stillValid(pool, secrets);
  } finally {
    await pool.end();
  }
}

const changed = '(changed)';

async function stillValid(db: Db, { extensions, logins }: DemoSecrets): Promise<DemoSecrets> {
  const known = new Map((await loadPhones(db)).extensions.map(({ number, sha256 }) => [number, sha256]));
  const phones = Object.entries(extensions).map(([number, secret]) => {
    return [number, known.get(number) === ha1s(number, realm, secret)['SHA-256'] ? secret : changed];
  });
  const accounts = Object.entries(logins).map(async ([login, password]) => {
    const hash = (await findCredentials(db, login))?.passwordHash ?? null;
    return [login, (await passwordMatches(hash, password)) ? password : changed];
  });
  return { extensions: Object.fromEntries(phones), logins: Object.fromEntries(await Promise.all(accounts)) };
}

async function hashed(secrets: DemoSecrets) {
  const staff = demoClinic.staff.map((member) => ({
    ...member,
    ha1s: ha1s(member.extension, realm, secrets.extensions[member.extension]),
  }));
  const accounts = await Promise.all(
    demoClinic.logins.map(async (account) => ({
      ...account,
      passwordHash: await hashPassword(secrets.logins[account.login]),
    })),
  );
  const { timeZone, usState, lines, teams } = demoClinic;
  return { timeZone, usState, lines, teams, realm, staff, accounts };
}
