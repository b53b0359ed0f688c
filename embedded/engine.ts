import { type Config, loadConfig } from '../app/config.ts';
import { type Logger, openLog } from '../app/log.ts';
import type { SipUri } from '../sip/address.ts';
import { startMediaEngine } from './media/engine.ts';
import { startSignalingEngine } from './signaling/engine.ts';

/*
 * The embedded engine as a process of its own: signaling where drachtio-server stands, media where FreeSWITCH stands,
 * each only when the real one is not set. Settings are app/config.ts's. Prints one JSON line with its ports when ready;
 * SIGTERM and SIGINT stop it; exit code 1 with one line when a port cannot be had.
 */

type Part = { readonly ports: Readonly<Record<string, number>>; stop(): Promise<void> };

/** As dialled: with and without the prefix that some expect, and the carriers' test (47 CFR 9.16). */
const emergencyNumbers = ['911', '9911', '933', '9933'];

async function startSignaling(config: Config, log: Logger): Promise<Part> {
  const emergencyDestination = config.CHARTLINE_EMERGENCY_DESTINATION as SipUri | undefined;
  const { sipPort, adminPort, stop } = await startSignalingEngine({
    sipHost: config.CHARTLINE_SIP_HOST,
    sipPort: config.CHARTLINE_SIP_PORT,
    // drachtio's admin port obeys whoever knows the secret: never on an address that others reach.
    adminHost: '127.0.0.1',
    adminPort: config.DRACHTIO_PORT,
    secret: config.DRACHTIO_SECRET ?? 'cymru',
    defaultDestination: (config.CHARTLINE_DEFAULT_DESTINATION ?? null) as SipUri | null,
    ...(emergencyDestination && { emergency: { numbers: emergencyNumbers, destination: emergencyDestination } }),
    log,
  });
  return { ports: { sipPort, adminPort }, stop };
}

async function startMedia(config: Config, log: Logger): Promise<Part> {
  const { sipPort, eslPort, stop } = await startMediaEngine({
    // Only the signaling engine and the app speak to these; callers' audio comes to the RTP range.
    sipHost: '127.0.0.1',
    sipPort: config.EMBEDDED_MEDIA_SIP_PORT,
    eslHost: '127.0.0.1',
    eslPort: config.FREESWITCH_PORT,
    eslSecret: config.FREESWITCH_SECRET ?? 'ClueCon',
    rtpHost: config.CHARTLINE_SIP_HOST,
    rtpMin: config.EMBEDDED_RTP_MIN,
    rtpMax: config.EMBEDDED_RTP_MAX,
    log,
  });
  return { ports: { mediaSipPort: sipPort, eslPort }, stop };
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
  const log = openLog(config.CHARTLINE_LOG_LEVEL, 'engine');
  const parts: Part[] = [];
  const stop = async () => {
    await Promise.all(parts.map((part) => part.stop()));
    process.exit(0);
  };
  try {
    if (!config.DRACHTIO_HOST) parts.push(await startSignaling(config, log));
    if (!config.FREESWITCH_HOST) parts.push(await startMedia(config, log));
  } catch (error) {
    console.error(explain(error, config));
    process.exit(1);
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  const ports = Object.assign({}, ...parts.map((part) => part.ports));
  console.log(JSON.stringify({ ready: true, ...ports }));
}

await main();
