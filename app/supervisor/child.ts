import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/*
 *   starting ──ready──► up ──ends──► waiting ──back-off──► starting
 *       └──ends three times before it was ever ready──► failed          stop() from anywhere ──► stopped
 *
 * A child prints one line of JSON with `"ready":true` on its stdout, logs to stderr, and on SIGTERM drains and exits.
 */

export type ChildSpec = {
  readonly name: string;
  /** Entry module, below the repository's root. */
  readonly module: string;
  readonly env: NodeJS.ProcessEnv;
  /** From SIGTERM to SIGKILL. */
  readonly drainSeconds: number;
};

/** Why a child that was asked to stop never became ready. */
export class Stopped extends Error {}

export type Ready = Readonly<Record<string, unknown>>;

export type Surroundings = {
  readonly root: string;
  readonly logs: string;
  /** One line for the person at the terminal. */
  readonly report: (line: string) => void;
  readonly onSpawn: (name: string, pid: number) => void;
  /** Each time it is ready, restarts included. */
  readonly onReady?: (name: string, ready: Ready) => void;
};

const restartMs = { first: 250, most: 10_000 };
const steadyMs = 30_000;
const triesBeforeReady = 3;
const rotateBytes = 20_000_000;

/** One process that is kept running until `stop`. */
export class Child {
  readonly name: string;
  readonly #spec: ChildSpec;
  readonly #around: Surroundings;
  readonly #stopping = new AbortController();
  readonly #firstReady = Promise.withResolvers<Ready>();
  #process: ChildProcess | null = null;
  #kept: Promise<void> = Promise.resolve();

  constructor(spec: ChildSpec, around: Surroundings) {
    this.name = spec.name;
    this.#spec = spec;
    this.#around = around;
  }

  /** Resolves with the first ready line; rejects when it ended three times without one, or was stopped before. */
  start(): Promise<Ready> {
    this.#kept = this.#keep();
    return this.#firstReady.promise;
  }

  /** SIGTERM, and SIGKILL when the drain takes too long; resolves when no process is left. Idempotent. */
  async stop(): Promise<void> {
    this.#firstReady.promise.catch(() => {});
    this.#firstReady.reject(new Stopped(`${this.name} was stopped`));
    this.#stopping.abort();
    this.#process?.kill('SIGTERM');
    const late = setTimeout(() => {
      this.#around.report(`${this.name} did not end within ${this.#spec.drainSeconds} s and was killed`);
      this.kill();
    }, this.#spec.drainSeconds * 1_000);
    await this.#kept;
    clearTimeout(late);
  }

  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  async #keep(): Promise<void> {
    let wasReady = false;
    for (let failures = 1; !this.#stopping.signal.aborted; failures += 1) {
      const startedAt = performance.now();
      const end = await this.#runOnce((ready) => {
        if (wasReady) this.#around.report(`${this.name} is up again`);
        wasReady = true;
        this.#around.onReady?.(this.name, ready);
        this.#firstReady.resolve(ready);
      });
      if (this.#stopping.signal.aborted) return;
      if (!wasReady && failures === triesBeforeReady) {
        this.#firstReady.reject(new Error(`${this.name} did not start (${end.how}):\n${end.lastLines}`));
        return;
      }
      if (performance.now() - startedAt > steadyMs) failures = 1;
      const waitMs = Math.min(restartMs.most, restartMs.first * 2 ** (failures - 1));
      if (wasReady) this.#around.report(`${this.name} ended (${end.how}); starting it again in ${waitMs / 1_000} s`);
      await delay(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }

  async #runOnce(onReady: (ready: Ready) => void): Promise<{ how: string; lastLines: string }> {
    // Detached: Ctrl-C in the terminal reaches only the supervisor, which ends its children in order.
    const child = spawn(
      process.execPath,
      ['--import', './app/supervisor/leash.ts', '--disable-warning=ExperimentalWarning', this.#spec.module],
      { cwd: this.#around.root, env: this.#spec.env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    );
    this.#process = child;
    if (child.pid !== undefined) this.#around.onSpawn(this.name, child.pid);
    const lastLines = this.#relay(child, onReady);
    const closed = once(child, 'close');
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    await Promise.race([closed, delay(500)]); // its last lines; a process of its own may hold them open longer
    this.#process = null;
    return { how: signal ?? `exit code ${code}`, lastLines: lastLines.join('\n') };
  }

  #relay(child: ChildProcess, onReady: (ready: Ready) => void): string[] {
    const log = createWriteStream(logFile(this.#around.logs, this.name), { flags: 'a', mode: 0o600 });
    child.once('close', () => log.end());
    const lastLines: string[] = [];
    const keep = (line: string) => {
      log.write(`${line}\n`);
      lastLines.push(line);
      if (lastLines.length > 12) lastLines.shift();
      const warning = warningIn(line);
      if (warning) this.#around.report(`${this.name}: ${warning}`);
    };
    if (child.stderr) createInterface({ input: child.stderr }).on('line', keep);
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (line) => {
        const ready = readyIn(line);
        if (ready) onReady(ready);
        else keep(line);
      });
    return lastLines;
  }
}

/** One earlier file is kept. */
function logFile(folder: string, name: string): string {
  const file = join(folder, `${name}.log`);
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > rotateBytes) renameSync(file, `${file}.1`);
  return file;
}

function readyIn(line: string): Ready | null {
  const message = jsonIn(line);
  return message?.ready === true ? message : null;
}

/** The message of a pino line of level warn (40) or above. */
function warningIn(line: string): string | null {
  const entry = jsonIn(line);
  return entry && Number(entry.level) >= 40 ? String(entry.msg) : null;
}

function jsonIn(line: string): Ready | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Ready;
  } catch {
    return null;
  }
}
