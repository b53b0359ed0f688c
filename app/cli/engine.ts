import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The embedded signaling and media engine alone, for an application started elsewhere. Ends on Ctrl-C. */
export async function run(args: string[]): Promise<number> {
  const engine = spawn(process.execPath, [...process.execArgv, 'embedded/engine.ts', ...args], {
    cwd: root,
    detached: true, // the terminal's Ctrl-C reaches it once, through us
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => engine.kill('SIGTERM'));
  const [code] = (await once(engine, 'exit')) as [number | null];
  return code ?? 1;
}
