import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '../../app/api-types.ts';
import type { AuditEntry } from '../../app/audit.ts';
import { hashPassword } from '../../app/auth/passwords.ts';
import type { SessionLimits } from '../../app/auth/sessions.ts';
import { dryRun } from '../../app/dry-run.ts';
import type { IdentityChange } from '../../app/http/calls.ts';
import type { Reader } from '../../app/http/recordings.ts';
import { startHttp } from '../../app/http/server.ts';
import { LiveCalls } from '../../app/live-calls.ts';
import { routingRows } from '../../app/live-rules.ts';
import { openLog } from '../../app/log.ts';
import { createMetrics } from '../../app/metrics.ts';
import { PhoneBook } from '../../app/phone-book.ts';
import { addAccount } from '../../db/accounts.ts';
import { openPool, type Pool } from '../../db/db.ts';
import { loadPhones } from '../../db/phones.ts';
import { loadRoutes } from '../../db/routes.ts';
import { loadSchedules } from '../../db/schedules.ts';
import { compileRules } from '../../routing/compile.ts';
import { freshDatabase } from './postgres.ts';

export const testPassword = 'correct horse battery staple';
export const roles: readonly Role[] = ['front-desk', 'nurse', 'provider', 'supervisor', 'admin', 'privacy-officer'];

export type TestHttp = {
  readonly url: string;
  readonly pool: Pool;
  readonly calls: LiveCalls;
  readonly audited: AuditEntry[];
  readonly identified: IdentityChange[];
  /** Set to make the audit fail. */
  readonly broken: { audit: boolean };
  /** Logs in as the account that every role has: its login is the role's name. Resolves with the Cookie header. */
  login(role: Role): Promise<string>;
  /** Stops the server, keeps the database; the next `restart` listens on the same port with a new LiveCalls. */
  restart(): Promise<TestHttp>;
  close(): Promise<void>;
};

type Options = {
  consoleDist?: string;
  reader?: Reader;
  limits?: SessionLimits;
  calls?: LiveCalls;
  /** A database that somebody else ends; without it, one of its own. */
  pool?: Pool;
};

/** The real HTTP server on a database of its own, with one account a role. */
export async function startTestHttp(options: Options = {}): Promise<TestHttp> {
  const database = options.pool ? null : await freshDatabase();
  const pool = options.pool ?? openPool(database?.url ?? '', { onError: () => {} });
  const passwordHash = await hashPassword(testPassword);
  for (const role of roles) {
    await addAccount(pool, { login: role, name: `Dana ${role}`, role, passwordHash, staffId: null });
  }
  const dist = await mkdtemp(join(tmpdir(), 'chartline-console-'));
  const sessionKey = randomBytes(32);
  const dispose = async () => {
    if (database) await pool.end();
    await database?.drop();
    await rm(dist, { recursive: true, force: true });
  };
  return serve(pool, sessionKey, dispose, { consoleDist: dist, ...options }, 0);
}

async function serve(
  pool: Pool,
  sessionKey: Buffer,
  dispose: () => Promise<void>,
  options: Options & { consoleDist: string },
  port: number,
): Promise<TestHttp> {
  const calls = options.calls ?? new LiveCalls();
  const audited: AuditEntry[] = [];
  const identified: IdentityChange[] = [];
  const broken = { audit: false };
  const http = await startHttp({
    host: '127.0.0.1',
    port,
    calls,
    db: pool,
    audit: async (entry) => {
      if (broken.audit) throw new Error('audit store away');
      audited.push(entry);
    },
    reader: options.reader ?? null,
    metrics: createMetrics(),
    log: openLog('silent', 'test'),
    sessionKey,
    consoleDist: options.consoleDist,
    onIdentified: (change) => identified.push(change),
    dryRun: async (call) => {
      const phones = await loadPhones(pool);
      const rules = compileRules(
        routingRows({ routes: await loadRoutes(pool), schedules: await loadSchedules(pool), phones }),
      );
      const directory = { identify: async () => ({ kind: 'none' as const }) };
      return dryRun(call, { db: pool, rules, phones: new PhoneBook(phones, 'US'), directory, charts: null });
    },
    ...(options.limits ? { sessionLimits: options.limits } : {}),
  });
  const url = `http://127.0.0.1:${http.port}`;
  return {
    url,
    pool,
    calls,
    audited,
    identified,
    broken,
    login: async (role) => {
      const response = await fetch(`${url}/api/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ login: role, password: testPassword }),
      });
      if (!response.ok) throw new Error(`login answered ${response.status}`);
      return response.headers
        .getSetCookie()
        .map((cookie) => cookie.split(';')[0])
        .join('; ');
    },
    restart: async () => {
      await http.close();
      calls.close();
      const { calls: _, ...rest } = options;
      return serve(pool, sessionKey, dispose, rest, http.port);
    },
    close: async () => {
      calls.close();
      await http.close();
      await dispose();
    },
  };
}
