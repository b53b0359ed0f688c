/* HEARTBEAT every 20 s, with the numbers that drachtio-fsmrf reads (spec section 2). */
import { cpus } from 'node:os';
import type { EventFields } from './esl/codec.ts';
import { baseFields, version } from './esl/event.ts';

const intervalMs = 20_000;
const sessionsPerSecond = '100';

type Source = {
  readonly address: string;
  readonly maxSessions: number;
  sessions(): number;
  publish(fields: EventFields): void;
};

export class Heartbeat {
  readonly #source: Source;
  readonly #startedAt = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #total = 0;
  #lastCpu = process.cpuUsage();
  #lastAt = performance.now();
  peak = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  start(): void {
    this.#timer = setInterval(() => this.#source.publish(this.#fields()), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A new session. */
  count(): void {
    this.#total += 1;
    this.peak = Math.max(this.peak, this.#source.sessions());
  }

  upTime(): string {
    const seconds = Math.floor((Date.now() - this.#startedAt) / 1000);
    const days = Math.floor(seconds / 86_400);
    return `UP 0 years, ${days} days, ${Math.floor(seconds / 3600) % 24} hours, ${Math.floor(seconds / 60) % 60} minutes, ${seconds % 60} seconds`;
  }

  #fields(): EventFields {
    const sessions = this.#source.sessions();
    return {
      ...baseFields('HEARTBEAT', this.#source.address),
      'Event-Info': 'System Ready',
      'Up-Time': this.upTime().slice(3),
      'FreeSWITCH-Version': version,
      'Uptime-msec': String(Date.now() - this.#startedAt),
      'Session-Count': String(sessions),
      'Max-Sessions': String(this.#source.maxSessions),
      'Session-Per-Sec': sessionsPerSecond,
      'Session-Since-Startup': String(this.#total),
      'Session-Peak-Max': String(this.peak),
      'Idle-CPU': this.#idlePercent().toFixed(6),
    };
  }

  /** Of this process's share of the machine. */
  #idlePercent(): number {
    const used = process.cpuUsage(this.#lastCpu);
    const now = performance.now();
    const available = (now - this.#lastAt) * 1000 * cpus().length;
    this.#lastCpu = process.cpuUsage();
    this.#lastAt = now;
    return Math.max(0, 100 - ((used.user + used.system) * 100) / available);
  }
}
