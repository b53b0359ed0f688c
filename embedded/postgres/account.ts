import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

/** A numeric user and group; Postgres refuses to run as root. */
export type Account = { readonly uid: number; readonly gid: number };

// systemd hands this range to services without an entry in /etc/passwd (systemd.exec, DynamicUser).
const dynamicFirst = 61184;
const dynamicCount = 4336;

/**
 * Who runs the server on `clusterDir`: null for an ordinary user (themselves). Root gets the cluster's owner or, for a
 * new cluster, a uid of its own that no account has, so that no other service can signal or trace the database.
 */
export function serverAccount(clusterDir: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  const owner = statSync(clusterDir, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const taken = new Set(passwdAccounts().map((account) => account.uid));
  let offset = createHash('sha256').update(clusterDir).digest().readUInt32BE(0) % dynamicCount;
  while (taken.has(dynamicFirst + offset)) offset = (offset + 1) % dynamicCount;
  return { uid: dynamicFirst + offset, gid: dynamicFirst + offset };
}

/** Making a cluster, unlike serving it, takes a uid that has a name: the account itself when it has one, else `nobody`. */
export function initdbAccount(server: Account | null): Account | null {
  if (server === null) return null;
  const known = passwdAccounts().filter((account) => account.uid !== 0);
  const account =
    known.find((entry) => entry.uid === server.uid) ?? known.find((entry) => entry.name === 'nobody') ?? known[0];
  if (!account) throw new Error('embedded Postgres: /etc/passwd has no unprivileged account; set DATABASE_URL');
  return account;
}

function passwdAccounts(): (Account & { name: string })[] {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 7)
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
}
