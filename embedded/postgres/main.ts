import { resolve } from 'node:path';
import { loadConfig } from '../../app/config.ts';
import { startPostgres } from './start.ts';

// The embedded database as a process of its own: prints `{"ready":true,"url":…}`, logs to stderr, ends on SIGTERM.
const config = loadConfig(process.env);
try {
  const server = await startPostgres({
    dataDir: resolve(config.CHARTLINE_DATA),
    port: config.EMBEDDED_POSTGRES_PORT,
    durable: process.env.EMBEDDED_POSTGRES_DURABLE !== 'no',
    log: (line) => process.stderr.write(`${line}\n`),
  });
  let asked = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      asked = true;
      void server.stop();
    });
  process.stdout.write(`${JSON.stringify({ ready: true, url: server.url, pid: server.pid })}\n`);
  await server.exited;
  process.exitCode = asked ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
