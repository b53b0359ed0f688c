import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Config } from '../config.ts';

type Use = {
  readonly setting: keyof Config;
  readonly port: number;
  readonly host: string;
  readonly protocols: readonly ('tcp' | 'udp')[];
};

/** Every port that this start will listen on, with the setting that moves it. */
export function portsOf(config: Config): Use[] {
  const loopback = '127.0.0.1';
  const use = (setting: keyof Config, host: string, ...protocols: Use['protocols'][number][]): Use => ({
    setting,
    port: config[setting] as number,
    host,
    protocols: protocols.length > 0 ? protocols : ['tcp'],
  });
  return [
    use('CHARTLINE_HTTP_PORT', config.CHARTLINE_HTTP_HOST),
    use('CHARTLINE_ESL_PORT', config.CHARTLINE_ESL_HOST),
    use('CHARTLINE_FORK_PORT', config.CHARTLINE_FORK_HOST),
    use('CHARTLINE_READER_PORT', loopback),
    ...(config.DRACHTIO_HOST
      ? []
      : [use('CHARTLINE_SIP_PORT', config.CHARTLINE_SIP_HOST, 'udp', 'tcp'), use('DRACHTIO_PORT', loopback)]),
    ...(config.FREESWITCH_HOST
      ? []
      : [use('FREESWITCH_PORT', loopback), use('EMBEDDED_MEDIA_SIP_PORT', loopback, 'udp', 'tcp')]),
    ...(config.DATABASE_URL
      ? []
      : [use('EMBEDDED_POSTGRES_PORT', loopback), use('EMBEDDED_EMERGENCY_PORT', loopback, 'udp', 'tcp')]),
    ...(config.FHIR_BASE_URL ? [] : [use('EMBEDDED_EHR_PORT', loopback)]),
  ];
}

/** What is wrong with the ports, one clear line each; empty: every one is free and none is used twice. */
export async function portProblems(config: Config): Promise<string[]> {
  const uses = portsOf(config);
  const twice = uses.flatMap((one, index) =>
    uses
      .slice(index + 1)
      .filter((other) => other.port === one.port && other.host === one.host)
      .map((other) => `${one.setting} and ${other.setting} are both ${one.port}`),
  );
  const range =
    config.EMBEDDED_RTP_MIN < config.EMBEDDED_RTP_MAX ? [] : ['EMBEDDED_RTP_MIN must be below EMBEDDED_RTP_MAX'];
  const taken = await Promise.all(uses.map(problem));
  return [...twice, ...range, ...taken.filter((line) => line !== null)];
}

async function problem(use: Use): Promise<string | null> {
  for (const protocol of use.protocols) {
    const code = await (protocol === 'tcp' ? tryTcp(use) : tryUdp(use));
    const place = `${protocol.toUpperCase()} port ${use.port} on ${use.host}`;
    if (code === 'EADDRINUSE') return `${place} is taken by another program; set ${use.setting} to a free one`;
    if (code === 'EACCES') return `${place} needs more rights than this user has; set ${use.setting} to 1024 or higher`;
    if (code !== null) return `${place} cannot be used (${code}); see ${use.setting}`;
  }
  return null;
}

/** Null when the port could be bound; else the error's code. */
function tryTcp({ port, host }: Use): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

function tryUdp({ port, host }: Use): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(null)));
  });
}
