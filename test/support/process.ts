import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program under test or beside it, ended by the pid it was started with. */
export class Process {
  readonly child: ChildProcess;
  readonly name: string;
  /** Resolves with the exit status, 128 + n by signal n; the output is in `output`. */
  readonly exited: Promise<number>;
  /** Last 64 kB of stdout and stderr. */
  output = '';
  #status: number | null = null;

  constructor(name: string, command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.name = name;
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const keep = (chunk: Buffer) => {
      this.output = (this.output + chunk.toString('latin1')).slice(-65_536);
    };
    this.child.stdout?.on('data', keep);
    this.child.stderr?.on('data', keep);
    this.exited = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.output += String(error);
        resolve(127);
      });
      this.child.on('exit', (code, signal) => resolve(code ?? (signal ? 137 : 1)));
    });
    void this.exited.then((status) => {
      this.#status = status;
    });
  }

  get status(): number | null {
    return this.#status;
  }

  /** Resolves when stdout or stderr holds what `pattern` finds. Rejects when the program ends or time runs out. */
  async prints(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      if (this.#status !== null) throw new Error(`${this.name} ended with ${this.#status}:\n${this.output}`);
      const wake = new AbortController();
      const either = AbortSignal.any([signal, wake.signal]);
      const streams = [this.child.stdout, this.child.stderr].filter((stream) => stream != null);
      try {
        await Promise.race([...streams.map((stream) => once(stream, 'data', { signal: either })), this.exited]);
      } catch (cause) {
        throw new Error(`${this.name} did not print ${pattern} within ${timeoutMs} ms:\n${this.output}`, { cause });
      } finally {
        wake.abort();
      }
    }
  }

  /** SIGTERM, after `graceMs` SIGKILL; resolves with the exit status. */
  async stop(graceMs = 5_000): Promise<number> {
    if (this.#status !== null) return this.#status;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), graceMs);
    const status = await this.exited;
    clearTimeout(timer);
    return status;
  }
}
