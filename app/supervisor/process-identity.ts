import { readFileSync } from 'node:fs';

/** A pid with the moment it began (clock ticks since boot), because pids are used again. */
export type ProcessIdentity = { readonly pid: number; readonly startedTicks: string };

/** Null when there is no such process, or it has ended and only waits to be reaped. */
export function identify(pid: number): ProcessIdentity | null {
  try {
    // proc(5): the name in parentheses may hold spaces; after it, field 3 is the state and field 22 the start time.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startedTicks] = [fields[0], fields[19]];
    return startedTicks === undefined || state === 'Z' ? null : { pid, startedTicks };
  } catch {
    return null;
  }
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedTicks === identity.startedTicks;
}
