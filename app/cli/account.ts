import { addAccount, listAccounts, setPasswordHash } from '../../db/accounts.ts';
import { appendAudit } from '../../db/audit.ts';
import { openPool, type Pool } from '../../db/db.ts';
import type { Role } from '../api-types.ts';
import { hashPassword } from '../auth/passwords.ts';
import { loadConfig } from '../config.ts';
import { databaseUrl } from '../database-url.ts';
import { newSecret } from '../supervisor/secret-file.ts';

const roles = [
  'front-desk',
  'nurse',
  'provider',
  'supervisor',
  'admin',
  'privacy-officer',
] as const satisfies readonly Role[];

const usage = `npm run account -- list
npm run account -- add <login> <role> <name>    role: ${roles.join(', ')}
npm run account -- password <login>             a new password; ends the account's sessions`;

/** Accounts of the console. A password is shown once, here, and kept only as its argon2id hash. */
export async function run([action, login, ...rest]: string[]): Promise<number> {
  const pool = openPool(await databaseUrl(loadConfig(process.env)), { max: 1, onError: () => {} });
  try {
    if (action === 'list') return await list(pool);
    if (action === 'add' && login) return await add(pool, login, rest);
    if (action === 'password' && login) return await password(pool, login);
    console.error(usage);
    return 2;
  } finally {
    await pool.end();
  }
}

async function list(pool: Pool): Promise<number> {
  for (const { login, role, name, enabled } of await listAccounts(pool))
    console.log(`${login.padEnd(16)} ${role.padEnd(16)} ${name}${enabled ? '' : '  (disabled)'}`);
  return 0;
}

async function add(pool: Pool, login: string, [asked, ...name]: string[]): Promise<number> {
  const role = roles.find((each) => each === asked);
  if (!role || name.length === 0) {
    console.error(usage);
    return 2;
  }
  const secret = newSecret();
  const account = { login, name: name.join(' '), role, passwordHash: await hashPassword(secret), staffId: null };
  if (!(await addAccount(pool, account))) {
    console.error(`there is an account ${login} already`);
    return 1;
  }
  await appendAudit(pool, { actor: 'cli', action: 'account added', subject: `account:${login}`, detail: { role } });
  console.log(`${login} may log in with ${secret}`);
  return 0;
}

async function password(pool: Pool, login: string): Promise<number> {
  const account = (await listAccounts(pool)).find((each) => each.login === login.toLowerCase());
  if (!account) {
    console.error(`there is no account ${login}`);
    return 1;
  }
  const secret = newSecret();
  await setPasswordHash(pool, account.id, await hashPassword(secret));
  await appendAudit(pool, { actor: 'cli', action: 'password set', subject: `account:${account.login}` });
  console.log(`${account.login} may log in with ${secret}`);
  return 0;
}
