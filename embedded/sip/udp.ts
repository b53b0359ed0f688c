import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { localAddressTowards } from './local-address.ts';
import type { Endpoint, Flow, Listener, OnMessage } from './transport.ts';

const probeMs = 500;

/** Binds UDP. Rejects with Node's error (EADDRINUSE, EADDRNOTAVAIL, ...). */
export async function listenUdp(host: string, port: number, onMessage: OnMessage): Promise<Listener> {
  // Bursts of INVITEs wait in the kernel while the event loop is busy.
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.on('error', () => {}); // a failed send is reported to its own callback
  const bound = socket.address();
  const localTo = (remote: string): Endpoint => ({
    address: localAddressTowards(bound.address, remote),
    port: bound.port,
  });
  const flowTo = (remote: Endpoint): Flow => new UdpFlow(socket, localTo(remote.address), remote);
  socket.on('message', (datagram, from) => {
    // Keep-alives: empty, CRLF, or the binary of STUN (RFC 5626 §4.4).
    if (datagram.length < 12 || (datagram[0] as number) < 0x20) return;
    onMessage(datagram.toString('latin1'), flowTo({ address: from.address, port: from.port }));
  });
  return {
    protocol: 'udp',
    local: { address: bound.address, port: bound.port },
    flowTo,
    existing: flowTo,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

class UdpFlow implements Flow {
  readonly protocol = 'udp';
  readonly open = true;
  readonly #socket: Socket;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  constructor(socket: Socket, local: Endpoint, remote: Endpoint) {
    this.#socket = socket;
    this.local = local;
    this.remote = remote;
  }
  onClose(): () => void {
    return () => {};
  }

  /**
   * ICMP errors come to connected sockets only, and ours takes packets from everybody. So a socket of its own sends the
   * keep-alive that every SIP port ignores (RFC 5626 §4.4.1) and listens for the refusal a moment.
   */
  probe(unreachable: (error: Error) => void): void {
    const socket = createSocket(isIPv6(this.remote.address) ? 'udp6' : 'udp4');
    let open = true;
    const close = () => {
      if (open) socket.close();
      open = false;
    };
    socket.unref();
    setTimeout(close, probeMs).unref();
    socket.on('error', (error: NodeJS.ErrnoException) => {
      close();
      if (error.code === 'ECONNREFUSED') unreachable(error);
    });
    socket.connect(this.remote.port, this.remote.address, () => {
      if (open) socket.send('\r\n\r\n');
    });
  }

  send(text: string, onError?: (error: Error) => void): void {
    try {
      this.#socket.send(Buffer.from(text, 'latin1'), this.remote.port, this.remote.address, (error) => {
        if (error) onError?.(error);
      });
    } catch (error) {
      // A closed socket or an impossible port throws instead of calling back.
      setImmediate(() => onError?.(error as Error));
    }
  }
}
