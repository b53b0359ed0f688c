import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { identify } from '../../app/supervisor/process-identity.ts';

export const root = new URL('../..', import.meta.url).pathname;

/** A program under test: all it says, and a way to wait for what it says. */
export class Program {
  readonly child: ChildProcess;
  readonly exited: Promise<number | NodeJS.Signals>;
  output = '';
  #ended = false;
  #waiting: (() => void)[] = [];

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.child = spawn(command, args, { cwd: root, ...options, stdio: ['ignore', 'pipe', 'pipe', ...ipc(options)] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk;
        this.#wake();
      });
    // Not 'close' alone: it never comes once we have disconnected the channel ourselves.
    const closed = once(this.child, 'close');
    this.exited = once(this.child, 'exit').then(async ([code, signal]) => {
      await Promise.race([closed, delay(300)]);
      this.#ended = true;
      this.#wake();
      return (signal ?? code) as number | NodeJS.Signals;
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('not started');
    return this.child.pid;
  }

  /** Resolves with the first match in its output, at `from` or later; throws with the output when it ends without. */
  async says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output.slice(from));
      if (match) return match;
      if (this.#ended) throw new Error(`ended without saying ${pattern}:\n${this.output}`);
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function ipc({ stdio }: SpawnOptions): 'ipc'[] {
  return Array.isArray(stdio) && stdio.includes('ipc') ? ['ipc'] : [];
}

/** Whether the pid names a process that has not ended (one that only waits to be reaped has). */
export function isRunning(pid: number): boolean {
  return identify(pid) !== null;
}

/** For what the kernel does not announce, such as the end of a process that is not our child. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 15_000,
): Promise<void> {
  const startedAt = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAt > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await delay(20);
  }
}
