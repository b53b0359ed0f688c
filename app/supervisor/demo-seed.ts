import { join } from 'node:path';
import { inTransaction, openPool } from '../../db/db.ts';
import { migrate } from '../../db/migrate.ts';
import { isUnconfigured, seedClinic } from '../../db/seed-demo.ts';
import { seedRouting } from '../../db/seed-routes.ts';
import { demoClinic } from '../../embedded/demo.ts';
import { ha1s } from '../../sip/digest.ts';
import { hashPassword } from '../auth/passwords.ts';
import { secretFile } from './secret-file.ts';

/** Realm of the digest that phones answer (RFC 8760). */
export const realm = 'chartline';

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

/** Brings the embedded database up to date and, when nothing is in it yet, enters the demonstration clinic. */
export async function prepareDatabase(url: string, secrets: DemoSecrets): Promise<void> {
  await migrate(url);
  const pool = openPool(url, { max: 1, onError: () => {} });
  try {
    if (!(await isUnconfigured(pool))) return;
    const clinic = await hashed(secrets);
    await inTransaction(pool, async (db) => {
      await seedClinic(db, clinic);
      await seedRouting(db, clinic.timeZone);
    });
  } finally {
    await pool.end();
  }
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
