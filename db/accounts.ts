import type { Role } from '../app/api-types.ts';
import type { Db } from './db.ts';

/** Somebody who may log in to the console. */
export type Account = {
  readonly id: number;
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly enabled: boolean;
  /** Of the staff member behind the account; null: no desk phone. */
  readonly extension: string | null;
};

export type Credentials = Account & { readonly passwordHash: string; readonly lockedUntil: Date | null };

type AccountRow = { id: number; login: string; name: string; role: Role; enabled: boolean; extension: string | null };

const accountColumns = 'account.id, account.login, account.name, account.role, account.enabled, staff.extension';

/** The account with its password hash; null: no such login. Logins are lower case. */
export async function findCredentials(db: Db, login: string): Promise<Credentials | null> {
  const {
    rows: [row],
  } = await db.query<AccountRow & { password_hash: string; locked_until: Date | null }>({
    name: 'accounts.find_credentials',
    text: `
      select ${accountColumns}, account.password_hash, account.locked_until
        from user_account account left join staff on staff.id = account.staff_id
       where account.login = lower($1)`,
    values: [login],
  });
  return row ? { ...toAccount(row), passwordHash: row.password_hash, lockedUntil: row.locked_until } : null;
}

/** Counts a wrong password: from the fifth in a row on, the account is locked for 1, 2, 4 … minutes, an hour at most. */
export async function countFailedLogin(db: Db, accountId: number): Promise<void> {
  await db.query({
    name: 'accounts.count_failed_login',
    text: `
      update user_account
         set failed_logins = failed_logins + 1,
             locked_until = case when failed_logins + 1 >= 5
               then now() + least(interval '1 hour', interval '1 minute' * power(2, least(failed_logins + 1 - 5, 10)))
               else locked_until end
       where id = $1`,
    values: [accountId],
  });
}

/** Opens the session `sessionId` of somebody who gave the right password, and forgets earlier failures. */
export async function openSession(db: Db, sessionId: string, accountId: number): Promise<void> {
  await db.query({
    name: 'accounts.open_session',
    text: `
      with forgiven as (update user_account set failed_logins = 0, locked_until = null where id = $2)
      insert into user_session (id, account_id) values ($1, $2)`,
    values: [sessionId, accountId],
  });
}

export type Session = { readonly account: Account; readonly createdAt: Date; readonly lastActiveAt: Date };

/** The open session of an enabled account; null: ended, unknown, or the account was disabled. */
export async function findSession(db: Db, sessionId: string): Promise<Session | null> {
  const {
    rows: [row],
  } = await db.query<AccountRow & { created_at: Date; last_active_at: Date }>({
    name: 'accounts.find_session',
    text: `
      select ${accountColumns}, session.created_at, session.last_active_at
        from user_session session
        join user_account account on account.id = session.account_id
        left join staff on staff.id = account.staff_id
       where session.id = $1 and session.ended_at is null and account.enabled`,
    values: [sessionId],
  });
  return row ? { account: toAccount(row), createdAt: row.created_at, lastActiveAt: row.last_active_at } : null;
}

export async function touchSession(db: Db, sessionId: string, at: Date): Promise<void> {
  await db.query({
    name: 'accounts.touch_session',
    text: 'update user_session set last_active_at = greatest(last_active_at, $2) where id = $1 and ended_at is null',
    values: [sessionId, at],
  });
}

export async function endSession(db: Db, sessionId: string): Promise<void> {
  await db.query({
    name: 'accounts.end_session',
    text: 'update user_session set ended_at = now() where id = $1 and ended_at is null',
    values: [sessionId],
  });
}

/** Sets a new password hash and ends every session of the account: whoever knew the old one is out. */
export async function setPasswordHash(db: Db, accountId: number, passwordHash: string): Promise<void> {
  await db.query({
    name: 'accounts.set_password_hash',
    text: `
      with ended as (update user_session set ended_at = now() where account_id = $1 and ended_at is null)
      update user_account set password_hash = $2, failed_logins = 0, locked_until = null where id = $1`,
    values: [accountId, passwordHash],
  });
}

/** Adds an account; an existing login is left as it is. Resolves with whether it was added. */
export async function addAccount(
  db: Db,
  account: { login: string; name: string; role: Role; passwordHash: string; staffId: number | null },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'accounts.add',
    text: `
      insert into user_account (login, name, role, password_hash, staff_id)
      values (lower($1), $2, $3, $4, $5) on conflict (login) do nothing`,
    values: [account.login, account.name, account.role, account.passwordHash, account.staffId],
  });
  return rowCount === 1;
}

/** Every account, by login. */
export async function listAccounts(db: Db): Promise<Account[]> {
  const { rows } = await db.query<AccountRow>({
    name: 'accounts.list',
    text: `
      select ${accountColumns}
        from user_account account left join staff on staff.id = account.staff_id
       order by account.login`,
  });
  return rows.map(toAccount);
}

function toAccount(row: AccountRow): Account {
  const { id, login, name, role, enabled, extension } = row;
  return { id, login, name, role, enabled, extension };
}
