import { EventEmitter, once } from 'node:events';
import type { Pool } from '../db/db.ts';
import {
  answeredFromQueue,
  type Candidate,
  endTalk,
  enterQueue,
  giveBack,
  type Holder,
  leaveQueue,
  type QueueLoad,
  queueLoads,
  renewLeases,
  type Turn,
  takeTurn,
} from '../db/queue.ts';
import type { TeamStrategy } from '../routing/rows.ts';
import type { Logger } from './log.ts';

export type { Turn };

const leaseSeconds = 15;
const renewMs = 3_000;
/** A phone that did not answer is left alone so long, so that others get a turn. */
const restSeconds = 10;

/** The queues that all nodes share, as this node's calls use them. */
export class Queues {
  readonly #pool: Pool;
  readonly #holder: Holder;
  readonly #log: Logger;
  /** Calls that wait here, or talk out of a queue. */
  readonly #held = new Set<string>();
  readonly #freed = new EventEmitter();
  readonly #alive: NodeJS.Timeout;
  #loads: readonly QueueLoad[] = [];

  constructor(options: { readonly pool: Pool; readonly node: string; readonly log: Logger }) {
    this.#pool = options.pool;
    this.#holder = { node: options.node, leaseSeconds };
    this.#log = options.log;
    this.#freed.setMaxListeners(0);
    this.#alive = setInterval(() => void this.#beat(), renewMs).unref();
    void this.#beat();
  }

  /** Waits and pace of every team's queue, some seconds old; empty: none known. */
  get loads(): readonly QueueLoad[] {
    return this.#loads;
  }

  /** Rejects when the queue could not be reached; the call is held all the same, and may ask for its turn later. */
  async enter(callId: string, team: string, urgent: boolean): Promise<void> {
    this.#held.add(callId);
    await enterQueue(this.#pool, { callId, team, urgent }, this.#holder);
  }

  /** Null: the call is not in the queue. Rejects when the queue cannot be reached. */
  takeTurn(callId: string, candidates: readonly Candidate[], strategy: TeamStrategy): Promise<Turn | null> {
    return takeTurn(this.#pool, callId, candidates, strategy, this.#holder);
  }

  notAnswered(callId: string): Promise<void> {
    return this.#tell(giveBack(this.#pool, callId, restSeconds));
  }

  answered(callId: string, extension: string): Promise<void> {
    return this.#tell(answeredFromQueue(this.#pool, callId, extension));
  }

  talkEnded(callId: string): Promise<void> {
    this.#held.delete(callId);
    return this.#tell(endTalk(this.#pool, callId));
  }

  leave(callId: string, outcome: 'abandoned' | 'overflow'): Promise<void> {
    this.#held.delete(callId);
    return this.#tell(leaveQueue(this.#pool, callId, outcome));
  }

  /** Resolves after `ms`, sooner when this node freed a phone or a place, or `signal` is aborted. */
  async change(ms: number, signal: AbortSignal): Promise<void> {
    await once(this.#freed, 'freed', { signal: AbortSignal.any([signal, AbortSignal.timeout(ms)]) }).catch(() => {});
  }

  close(): void {
    clearInterval(this.#alive);
  }

  /** Never rejects: what could not be told ends by its lease. */
  async #tell(change: Promise<void>): Promise<void> {
    await change.catch((error: unknown) => this.#log.warn({ err: error }, 'the queue could not be told'));
    this.#freed.emit('freed');
  }

  async #beat(): Promise<void> {
    try {
      await renewLeases(this.#pool, [...this.#held], leaseSeconds);
      this.#loads = await queueLoads(this.#pool);
    } catch (error) {
      this.#loads = [];
      this.#log.debug({ err: error }, 'queue leases were not renewed');
    }
  }
}
