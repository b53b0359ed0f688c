import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One line of a demonstration process: what happened, when (ms of the Unix epoch), and more by event. */
export type PartEvent = { readonly event: string; readonly at: number } & Readonly<Record<string, unknown>>;

export type Part = {
  /** Resolves with the exit status. */
  readonly ended: Promise<number>;
  /** Asks it to end; it hangs up and unregisters first. */
  stop(): Promise<number>;
};

/** Starts a process of the demonstration (a caller, the desk phones) that tells its story in lines of JSON. */
export function startPart(
  module: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onEvent: (event: PartEvent) => void,
): Part {
  const child = spawn(
    process.execPath,
    ['--import', './app/supervisor/leash.ts', '--disable-warning=ExperimentalWarning', module, ...args],
    // Detached: Ctrl-C reaches only us, and we end it in order.
    { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  );
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => onEvent(JSON.parse(line) as PartEvent));
  const ended = new Promise<number>((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
  return {
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
