import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, Server } from 'node:net';

/** `count` TCP ports of 127.0.0.1 that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

/**
 * `count` ports free for TCP and UDP that stay free for a while: below the range that the kernel gives to others
 * (ip_local_port_range starts at 32768), for programs that are stopped and started on the same ones.
 */
export async function lastingPorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(24_100, 32_700);
    if ((await binds(createServer(), port)) && (await binds(createSocket('udp4'), port))) found.add(port);
  }
  return [...found];
}

async function binds(socket: Server | Socket, port: number): Promise<boolean> {
  if (socket instanceof Server) socket.listen(port, '127.0.0.1');
  else socket.bind(port, '127.0.0.1');
  const bound = await once(socket, 'listening').then(
    () => true,
    () => false,
  );
  if (bound) await once(socket.close(), 'close');
  return bound;
}
