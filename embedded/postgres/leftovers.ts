import { readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Ends every Postgres process that still works in `cluster` (its starter was killed) and removes a stale postmaster.pid.
 * A recorded pid alone proves nothing: after a crash it may belong to anybody, so processes are known by what they
 * execute and where. Signals: fast shutdown, after 10 s immediate, after 15 s kill.
 */
export async function endLeftovers(cluster: string): Promise<void> {
  const started = Date.now();
  const sent = new Set<string>();
  for (let pids = serversIn(cluster); pids.length > 0; pids = serversIn(cluster)) {
    const waited = Date.now() - started;
    if (waited > 30_000) throw new Error(`embedded Postgres: process ${pids[0]} of an earlier start cannot be ended`);
    const signal = waited > 15_000 ? 'SIGKILL' : waited > 10_000 ? 'SIGQUIT' : 'SIGINT';
    for (const pid of pids) {
      if (!sent.has(`${pid} ${signal}`)) end(pid, signal);
      sent.add(`${pid} ${signal}`);
    }
    await delay(20); // not our children: the kernel does not tell us when they end
  }
  rmSync(join(cluster, 'postmaster.pid'), { force: true });
}

/** Pids of Postgres processes whose working directory is `cluster`. */
export function serversIn(cluster: string): number[] {
  const directory = realpathSync(cluster);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => link(pid, 'cwd') === directory && /^postgres\b/.test(basename(link(pid, 'exe') ?? '')))
    .map(Number);
}

function link(pid: string, name: 'cwd' | 'exe'): string | null {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return null; // ended meanwhile, or another user's: the cluster is only ever run by its owner
  }
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ended meanwhile
  }
}
