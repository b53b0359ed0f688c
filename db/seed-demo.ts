import { addAccount } from './accounts.ts';
import type { Db } from './db.ts';

type Role = Parameters<typeof addAccount>[1]['role'];

/** A clinic's phones and people, its secrets already hashed. */
export type ClinicSeed = {
  readonly timeZone: string;
  readonly usState: string;
  readonly lines: readonly { readonly number: string; readonly name: string; readonly practitionerId: string | null }[];
  readonly teams: readonly { readonly name: string; readonly title: string }[];
  readonly realm: string;
  readonly staff: readonly {
    readonly extension: string;
    readonly ha1s: { readonly MD5: string; readonly 'SHA-256': string };
    readonly name: string;
    readonly practitionerId: string | null;
    readonly team: string | null;
  }[];
  readonly accounts: readonly {
    readonly login: string;
    readonly name: string;
    readonly role: Role;
    readonly extension: string | null;
    readonly passwordHash: string;
  }[];
};

/** True when nobody has entered a line, a phone or an account yet. */
export async function isUnconfigured(db: Db): Promise<boolean> {
  const { rows } = await db.query<{ unconfigured: boolean }>(`
    select not exists (select from line) and not exists (select from extension)
       and not exists (select from user_account) as unconfigured`);
  return rows[0]?.unconfigured === true;
}

/** Enters the clinic. Run it in a transaction, on an unconfigured database. */
export async function seedClinic(db: Db, clinic: ClinicSeed): Promise<void> {
  await seedHours(db, clinic.timeZone);
  await db.query(
    `insert into line (number, name, time_zone, us_state, direct_practitioner_id)
     select number, name, $2, $3, practitioner
       from json_to_recordset($1) as l(number text, name text, practitioner text)`,
    [
      JSON.stringify(clinic.lines.map((line) => ({ ...line, practitioner: line.practitionerId }))),
      clinic.timeZone,
      clinic.usState,
    ],
  );
  await db.query(`insert into trunk (name, source, trusted) values ('loopback', '{127.0.0.0/8}', true)`);
  for (const { name, title } of clinic.teams)
    await db.query('insert into team (name, title) values ($1, $2) on conflict (name) do nothing', [name, title]);
  for (const member of clinic.staff) await seedMember(db, member, clinic.realm);
  for (const account of clinic.accounts) await seedAccount(db, account);
}

// The demonstration never closes: a first call at night should reach somebody.
async function seedHours(db: Db, timeZone: string): Promise<void> {
  const description = 'The demonstration is always open: set the periods to your hours.';
  await db.query(
    `insert into schedule (name, time_zone, description) values ('clinic', $1, $2) on conflict do nothing`,
    [timeZone, description],
  );
  await db.query(`
    insert into schedule_period (schedule, weekday, opens, closes)
    select 'clinic', weekday, '00:00', '24:00' from generate_series(1, 7) weekday on conflict do nothing`);
}

async function seedMember(db: Db, member: ClinicSeed['staff'][number], realm: string): Promise<void> {
  const { extension, ha1s, name, practitionerId, team } = member;
  await db.query(
    'insert into extension (number, display_name, ha1_md5, ha1_sha256, realm) values ($1, $2, $3, $4, $5)',
    [extension, name, ha1s.MD5, ha1s['SHA-256'], realm],
  );
  await db.query(
    `with member as (insert into staff (name, extension, practitioner_id) values ($1, $2, $3) returning id)
     insert into team_member (team, staff_id) select $4::text, id from member where $4::text is not null`,
    [name, extension, practitionerId, team],
  );
}

async function seedAccount(db: Db, account: ClinicSeed['accounts'][number]): Promise<void> {
  const { rows } = await db.query<{ id: number }>('select id from staff where extension = $1', [account.extension]);
  await addAccount(db, { ...account, staffId: rows[0]?.id ?? null });
}
