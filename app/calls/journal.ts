import { setTimeout as delay } from 'node:timers/promises';
import { type CallChange, storeCallChange } from '../../db/calls.ts';
import { inTransaction, type Pool } from '../../db/db.ts';
import type { Logger } from '../log.ts';

const batchSize = 200;
const retryMs = 500;

/**
 * The record of every call, written behind the calls: a call never waits for Postgres. Changes are stored in the order
 * they were made, in batches of one transaction; while the database is away they wait in memory, at most `maxWaiting`.
 */
export class Journal {
  readonly #pool: Pool;
  readonly #log: Logger;
  readonly #maxWaiting: number;
  readonly #sequences = new Map<string, number>();
  #waiting: CallChange[] = [];
  #draining: Promise<void> | null = null;
  #closed = false;
  #dropped = 0;

  constructor(options: { pool: Pool; log: Logger; maxWaiting?: number }) {
    this.#pool = options.pool;
    this.#log = options.log;
    this.#maxWaiting = options.maxWaiting ?? 100_000;
  }

  get waiting(): number {
    return this.#waiting.length;
  }
  /** Changes lost because the database was away for too long. */
  get dropped(): number {
    return this.#dropped;
  }

  record(change: CallChange): void {
    if (this.#waiting.length >= this.#maxWaiting) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(change);
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = null;
    });
  }

  /** Adds the next event of a call; its sequence counts from 1 without gaps. */
  event(callId: string, event: string, detail: Readonly<Record<string, unknown>> = {}, at = new Date()): void {
    const sequence = (this.#sequences.get(callId) ?? 0) + 1;
    this.#sequences.set(callId, sequence);
    this.record({ kind: 'event', callId, sequence, at, event, detail });
  }

  /** The call's last event has been made. */
  forget(callId: string): void {
    this.#sequences.delete(callId);
  }

  /** Resolves when everything recorded so far is stored, or the database stays away for `timeoutMs`. */
  async close(timeoutMs = 5_000): Promise<void> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const gaveUp = new Promise<void>((resolve) => {
      deadline.addEventListener('abort', () => resolve(), { once: true });
    });
    while (this.#draining && !deadline.aborted) await Promise.race([this.#draining, gaveUp]);
    this.#closed = true;
    if (this.#waiting.length > 0)
      this.#log.error({ lost: this.#waiting.length }, 'call record changes not stored at close');
  }

  async #drain(): Promise<void> {
    // A turn of the event loop first: the changes of one moment share a transaction.
    await delay(0);
    while (this.#waiting.length > 0 && !this.#closed) {
      const batch = this.#waiting.slice(0, batchSize);
      try {
        await this.#store(batch);
        this.#waiting = this.#waiting.slice(batch.length);
      } catch (error) {
        if (isAway(error)) await delay(retryMs, undefined, { ref: false });
        else await this.#storeOneByOne(batch);
      }
    }
  }

  #store(batch: readonly CallChange[]): Promise<void> {
    return inTransaction(this.#pool, async (db) => {
      for (const change of batch) await storeCallChange(db, change);
    });
  }

  /** One change of the batch is refused: the others must not wait for it. */
  async #storeOneByOne(batch: readonly CallChange[]): Promise<void> {
    for (const change of batch) {
      try {
        await this.#store([change]);
      } catch (error) {
        if (isAway(error)) return;
        this.#dropped += 1;
        const callId = 'callId' in change ? change.callId : undefined;
        this.#log.error({ callId, change: change.kind, code: codeOf(error) }, 'a call record change was refused');
      }
      this.#waiting.shift();
    }
  }
}

const codeOf = (error: unknown) => (error as { code?: string } | null)?.code;

/** Postgres refused the connection or ended it, or the pool timed out: not the statement's fault. */
function isAway(error: unknown): boolean {
  const code = codeOf(error);
  // Classes 08 connection, 53 resources, 57 operator intervention; no SQLSTATE at all: the socket.
  return code === undefined || !/^[0-9A-Z]{5}$/.test(code) || /^(08|53|57)/.test(code);
}
