import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type System = {
  /** Resolves true when it is ready, false when it ended before or was stopped. */
  readonly ready: Promise<boolean>;
  /** Resolves with the exit status. */
  readonly ended: Promise<number>;
  stop(): Promise<number>;
};

/** `npm start` as a process of its own, with the settings of this one. `onWords`: what it tells the terminal. */
export function startSystem(onWords: (words: Buffer) => void): System {
  const child = spawn(process.execPath, [...process.execArgv, join(root, 'app/cli/main.ts'), 'start'], {
    cwd: root,
    // Detached: Ctrl-C reaches only us, and we end it after what uses it.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ended = new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  const ready = new Promise<boolean>((resolve) => {
    void ended.then(() => resolve(false));
    let told = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      onWords(chunk);
      told += chunk.toString();
      if (told.includes('Ctrl-C')) resolve(true);
    });
  });
  return {
    ready,
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
