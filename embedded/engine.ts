import { type Config, loadConfig } from '../app/config.ts';
import { openLog } from '../app/log.ts';
import { startSignalingEngine } from './signaling/engine.ts';

/*
 * The embedded engine as a process of its own: signaling where drachtio-server stands. Settings are app/config.ts's.
 * Prints one JSON line `engine ready` with its ports; SIGTERM and SIGINT stop it; exit code 1 with one line when a port
 * cannot be had.
 */

type Part = { readonly ports: Readonly<Record<string, number>>; stop(): Promise<void> };

async function startSignaling(config: Config): Promise<Part> {
  const log = openLog(config.CHARTLINE_LOG_LEVEL, 'engine');
  const { sipPort, adminPort, stop } = await startSignalingEngine({
    sipHost: config.CHARTLINE_SIP_HOST,
    sipPort: config.CHARTLINE_SIP_PORT,
    // drachtio's admin port obeys whoever knows the secret: never on an address that others reach.
    adminHost: '127.0.0.1',
    adminPort: config.DRACHTIO_PORT,
    secret: config.DRACHTIO_SECRET ?? 'cymru',
    log,
  });
  return { ports: { sipPort, adminPort }, stop };
}

/** One line for a port that cannot be bound, naming the setting that moves it. */
function explain(error: unknown, config: Config): string {
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  const settings = ['CHARTLINE_SIP_PORT', 'DRACHTIO_PORT', 'FREESWITCH_PORT', 'EMBEDDED_MEDIA_SIP_PORT'] as const;
  const setting = settings.find((name) => config[name] === port);
  const where = `port ${port}${setting ? ` (${setting})` : ''} on ${address}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is taken by another program: stop it or set another port`;
    case 'EACCES':
      return `${where} may not be used by this user: set a port above 1023`;
    case 'EADDRNOTAVAIL':
      return `${address} is no address of this machine: set CHARTLINE_SIP_HOST`;
    default:
      return `the engine cannot start: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const parts: Part[] = [];
  const stop = async () => {
    await Promise.all(parts.map((part) => part.stop()));
    process.exit(0);
  };
  try {
    parts.push(await startSignaling(config));
  } catch (error) {
    console.error(explain(error, config));
    process.exit(1);
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  const ports = Object.assign({}, ...parts.map((part) => part.ports));
  console.log(JSON.stringify({ msg: 'engine ready', ...ports }));
}

await main();
