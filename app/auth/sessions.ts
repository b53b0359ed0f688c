import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import * as accounts from '../../db/accounts.ts';
import type { Db } from '../../db/db.ts';
import { hashPassword, passwordMatches } from './passwords.ts';

export type SessionLimits = {
  /** Without input for so long a session ends. */
  readonly idleSeconds: number;
  /** A session ends so long after its login in any case. */
  readonly maxSeconds: number;
};

export const defaultLimits: SessionLimits = { idleSeconds: 30 * 60, maxSeconds: 12 * 60 * 60 };

export type SignedIn = { readonly sessionId: string; readonly account: accounts.Account };

type Known = accounts.Session & { readonly readAt: number };

const rereadAfterMs = 5_000;
const touchEveryMs = 60_000;

/**
 * Who is logged in, kept in Postgres so that a session can be ended from anywhere, and in memory so that screens go on
 * while Postgres is away: then what this node last knew holds until the idle limit.
 */
export class Sessions {
  readonly #db: Db;
  readonly #limits: SessionLimits;
  readonly #known = new LRUCache<string, Known>({ max: 10_000 });
  /** Ended here; Postgres may have been away when it should have learnt it. */
  readonly #ended = new LRUCache<string, true>({ max: 10_000 });
  readonly #clock: () => number;

  constructor(db: Db, limits: SessionLimits, clock: () => number = Date.now) {
    this.#db = db;
    this.#limits = limits;
    this.#clock = clock;
  }

  get idleSeconds(): number {
    return this.#limits.idleSeconds;
  }

  /**
   * Logs in. 'refused' for a wrong login, a wrong password, a disabled and a locked account alike: the answer must not
   * tell which. Throws when Postgres is away.
   */
  async open(login: string, password: string): Promise<SignedIn | 'refused'> {
    const found = await accounts.findCredentials(this.#db, login);
    const right = await passwordMatches(found?.passwordHash ?? null, password);
    if (!found) return 'refused';
    const locked = found.lockedUntil !== null && found.lockedUntil.getTime() > this.#clock();
    if (locked || !found.enabled) return 'refused';
    if (!right) {
      await accounts.countFailedLogin(this.#db, found.id);
      return 'refused';
    }
    const sessionId = randomUUID();
    await accounts.openSession(this.#db, sessionId, found.id);
    const { passwordHash: _, lockedUntil: __, ...account } = found;
    return { sessionId, account };
  }

  /** Sets a new password when the current one is right, and ends every session of the account, this one too. */
  async changePassword({ account }: SignedIn, current: string, next: string): Promise<'changed' | 'refused'> {
    const found = await accounts.findCredentials(this.#db, account.login);
    const locked = found?.lockedUntil && found.lockedUntil.getTime() > this.#clock();
    if (!found || locked || !(await passwordMatches(found.passwordHash, current))) {
      if (found && !locked) await accounts.countFailedLogin(this.#db, found.id);
      return 'refused';
    }
    await accounts.setPasswordHash(this.#db, account.id, await hashPassword(next));
    for (const [sessionId, known] of this.#known.entries()) {
      if (known.account.id === account.id) this.#known.delete(sessionId);
    }
    return 'changed';
  }

  /** Who `sessionId` is; null: ended, idle for too long, or too old. */
  async find(sessionId: string): Promise<SignedIn | null> {
    const now = this.#clock();
    const session = await this.#read(sessionId, now);
    if (!session) return null;
    const idle = now - session.lastActiveAt.getTime() > this.#limits.idleSeconds * 1_000;
    const old = now - session.createdAt.getTime() > this.#limits.maxSeconds * 1_000;
    if (idle || old) {
      await this.close(sessionId);
      return null;
    }
    return { sessionId, account: session.account };
  }

  /** Somebody did something: the idle time starts anew. */
  async touch(sessionId: string): Promise<void> {
    const known = this.#known.get(sessionId);
    const now = this.#clock();
    if (!known || now - known.lastActiveAt.getTime() < touchEveryMs) return;
    this.#known.set(sessionId, { ...known, lastActiveAt: new Date(now) });
    // Postgres away: memory remembers, the next touch tells it.
    await accounts.touchSession(this.#db, sessionId, new Date(now)).catch(() => {});
  }

  async close(sessionId: string): Promise<void> {
    this.#known.delete(sessionId);
    this.#ended.set(sessionId, true);
    await accounts.endSession(this.#db, sessionId).catch(() => {});
  }

  async #read(sessionId: string, now: number): Promise<accounts.Session | null> {
    if (this.#ended.has(sessionId)) return null;
    const known = this.#known.get(sessionId);
    if (known && now - known.readAt < rereadAfterMs) return known;
    try {
      const session = await accounts.findSession(this.#db, sessionId);
      if (!session) {
        this.#known.delete(sessionId);
        return null;
      }
      const lastActiveAt = new Date(Math.max(session.lastActiveAt.getTime(), known?.lastActiveAt.getTime() ?? 0));
      this.#known.set(sessionId, { ...session, lastActiveAt, readAt: now });
      return { ...session, lastActiveAt };
    } catch (error) {
      if (known) return known;
      throw error;
    }
  }
}
