import { randomUUID } from 'node:crypto';
import type { CallView, SystemHealth } from './api-types.ts';

/** A call in progress as the call scripts know it: complete. Each viewer gets a redacted copy (app/auth/disclosure.ts). */
export type LiveCall = CallView;

export type LiveMessage =
  | { readonly kind: 'call'; readonly sequence: number; readonly call: LiveCall }
  | { readonly kind: 'health'; readonly sequence: number; readonly health: SystemHealth };

export type LiveSnapshot = {
  readonly stream: string;
  readonly sequence: number;
  readonly calls: readonly LiveCall[];
  readonly health: SystemHealth;
};

/** A call as it is when its INVITE has been seen: nobody is known and nothing rings yet. */
export function arrivingCall(call: Pick<LiveCall, 'callId' | 'startedAt' | 'line'> & Partial<LiveCall>): LiveCall {
  return {
    state: 'arriving',
    answeredAt: null,
    talkingSince: null,
    endedAt: null,
    lineName: null,
    callerNumber: null,
    callerName: null,
    match: null,
    assurance: 0,
    assuranceBecause: null,
    candidates: [],
    patientId: null,
    chosenBy: null,
    card: null,
    intent: null,
    ringing: [],
    extensions: [],
    answeredBy: null,
    transferredBy: null,
    dialled: null,
    emergency: null,
    decision: null,
    recording: 'off',
    outcome: null,
    ...call,
  };
}

const allDown: SystemHealth = { signaling: false, media: false, database: false, ehr: false, recorder: false };

/**
 * What staff's screens show: the calls in progress and the system's health, in memory, with the last messages kept so
 * that a reconnecting screen misses none. Never awaits and never throws: a call does not depend on who watches it.
 */
export class LiveCalls {
  /** Names this run: sequences of another run mean nothing here. */
  readonly stream = randomUUID();
  readonly #calls = new Map<string, LiveCall>();
  readonly #listeners = new Set<(message: LiveMessage) => void>();
  readonly #leaving = new Map<string, NodeJS.Timeout>();
  readonly #kept: LiveMessage[] = [];
  readonly #keep: number;
  readonly #endedLingerMs: number;
  readonly #onListenerError: (error: unknown) => void;
  #sequence = 0;
  #health: SystemHealth = allDown;

  /** `keep`: messages a reconnecting screen can catch up on. `endedLingerMs`: an ended call stays in the snapshot so long. */
  constructor(options: { keep?: number; endedLingerMs?: number; onListenerError?: (error: unknown) => void } = {}) {
    this.#keep = options.keep ?? 2_000;
    this.#endedLingerMs = options.endedLingerMs ?? 10_000;
    this.#onListenerError = options.onListenerError ?? (() => {});
  }

  get sequence(): number {
    return this.#sequence;
  }

  get health(): SystemHealth {
    return this.#health;
  }

  get(callId: string): LiveCall | undefined {
    return this.#calls.get(callId);
  }

  /** A new call, usually from `arrivingCall`. */
  start(call: LiveCall): void {
    this.#store(call);
  }

  /** Replaces the call by `change(call)`. Nothing happens when it is gone, or `change` returns the same object. */
  update(callId: string, change: (call: LiveCall) => LiveCall): void {
    const before = this.#calls.get(callId);
    if (!before) return;
    const after = change(before);
    if (after !== before) this.#store(after);
  }

  /** Tells screens only when something changed. */
  setHealth(health: SystemHealth): void {
    const before = this.#health;
    this.#health = health;
    const names = Object.keys(health) as (keyof SystemHealth)[];
    if (names.some((name) => health[name] !== before[name])) {
      this.#publish({ kind: 'health', sequence: this.#sequence + 1, health });
    }
  }

  snapshot(): LiveSnapshot {
    return { stream: this.stream, sequence: this.#sequence, calls: [...this.#calls.values()], health: this.#health };
  }

  /** What came after `sequence` of `stream`, oldest first; null when that can no longer be told: take a snapshot. */
  since(stream: string, sequence: number): readonly LiveMessage[] | null {
    if (stream !== this.stream || sequence > this.#sequence) return null;
    const missing = this.#sequence - sequence;
    if (missing > this.#kept.length) return null;
    return missing === 0 ? [] : this.#kept.slice(-missing);
  }

  /** Calls `listener` with every message from now on; the result ends that. */
  subscribe(listener: (message: LiveMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    this.#leaving.clear();
    this.#listeners.clear();
  }

  #store(call: LiveCall): void {
    this.#calls.set(call.callId, call);
    this.#publish({ kind: 'call', sequence: this.#sequence + 1, call });
    if (call.state === 'ended' && !this.#leaving.has(call.callId)) {
      const timer = setTimeout(() => {
        this.#leaving.delete(call.callId);
        this.#calls.delete(call.callId);
      }, this.#endedLingerMs);
      this.#leaving.set(call.callId, timer.unref());
    }
  }

  #publish(message: LiveMessage): void {
    this.#sequence = message.sequence;
    this.#kept.push(message);
    if (this.#kept.length > this.#keep) this.#kept.shift();
    for (const listener of this.#listeners) {
      try {
        listener(message);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}
