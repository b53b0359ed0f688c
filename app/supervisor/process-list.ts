import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

/** The processes of a running supervisor, kept in a file so that the next start finds what a kill -9 left behind. */
export class ProcessList {
  readonly #file: string;
  readonly #processes = new Map<string, ProcessIdentity>();

  constructor(file: string) {
    this.#file = file;
  }

  set(name: string, pid: number): void {
    const identity = identify(pid);
    if (identity) this.#processes.set(name, identity);
    writeFileSync(`${this.#file}.new`, JSON.stringify(Object.fromEntries(this.#processes)), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** Ends what the list in `file` still names: SIGTERM, after 1 s SIGINT (Postgres: do not wait for clients), after 8 s SIGKILL. */
export async function endListed(file: string): Promise<void> {
  const ladder = [
    { afterMs: 0, signal: 'SIGTERM' },
    { afterMs: 1_000, signal: 'SIGINT' },
    { afterMs: 8_000, signal: 'SIGKILL' },
  ] as const;
  const started = performance.now();
  const listed = readList(file);
  for (let next = 0; listed.some(isRunning); ) {
    const rung = ladder[next];
    if (rung && performance.now() - started >= rung.afterMs) {
      for (const { pid } of listed.filter(isRunning)) process.kill(pid, rung.signal);
      next += 1;
    }
    await delay(20); // not our children: the kernel does not tell us when they end
  }
}

function readList(file: string): ProcessIdentity[] {
  try {
    return Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, ProcessIdentity>);
  } catch {
    return [];
  }
}
