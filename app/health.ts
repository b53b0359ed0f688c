import type { SystemHealth } from './api-types.ts';
import type { LiveCalls } from './live-calls.ts';
import type { Logger } from './log.ts';

/** What each part says of itself; `database` is asked, the others know. */
export type HealthSources = {
  readonly signaling: () => boolean;
  readonly media: () => boolean;
  readonly database: () => Promise<boolean>;
  readonly ehr: () => boolean;
  readonly recorder: () => boolean;
};

const everyMs = 2_000;

/** Tells screens, every two seconds and when asked, what works. The result ends it. */
export function watchHealth(
  sources: HealthSources,
  live: LiveCalls,
  log: Logger,
): { now(): Promise<void>; close(): void } {
  async function now(): Promise<void> {
    const health: SystemHealth = {
      signaling: sources.signaling(),
      media: sources.media(),
      database: await sources.database(),
      ehr: sources.ehr(),
      recorder: sources.recorder(),
    };
    const before = live.health;
    for (const part of Object.keys(health) as (keyof SystemHealth)[]) {
      if (health[part] !== before[part]) log[health[part] ? 'info' : 'warn']({ part }, health[part] ? 'up' : 'down');
    }
    live.setHealth(health);
  }
  const timer = setInterval(() => void now(), everyMs).unref();
  return { now, close: () => clearInterval(timer) };
}
