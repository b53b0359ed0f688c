import { connect } from 'node:net';

/**
 * Whether the server on 127.0.0.1 takes connections, asked as pg_isready does: a startup packet, answered by an
 * authentication request or by an error (PostgreSQL protocol 3.0, "Message Flow"). Nothing is logged in.
 */
export function acceptsConnections(port: number, user: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
    const answer = (accepting: boolean) => {
      socket.destroy();
      resolve(accepting);
    };
    socket.on('connect', () => socket.write(startupMessage(user)));
    // 57P03 cannot_connect_now: still starting, recovering or shutting down.
    socket.on('data', (message) => answer(message[0] === 0x52 /* R */ || !message.includes('C57P03')));
    socket.on('error', () => answer(false));
    socket.on('timeout', () => answer(false));
    socket.on('end', () => answer(false));
  });
}

function startupMessage(user: string): Buffer {
  const parameters = Buffer.from(`user\0${user}\0database\0${user}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + parameters.length, 0);
  head.writeInt32BE(3 << 16, 4);
  return Buffer.concat([head, parameters]);
}
