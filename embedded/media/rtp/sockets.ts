/* A port pair: RTP on the even port, RTCP on the odd one above. */
import { createSocket, type Socket } from 'node:dgram';

// The address is always a literal: the resolver is left out of the send path.
const lookup = ((host: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
  done(null, host, 4)) as never;

export type OnPacket = (packet: Buffer, host: string, port: number) => void;

export class RtpSockets {
  readonly #rtp = createSocket({ type: 'udp4', lookup });
  readonly #rtcp = createSocket({ type: 'udp4', lookup });
  #closed = false;

  /** Binds both; rejects when either port is taken. */
  async open(host: string, port: number, on: { rtp: OnPacket; rtcp: OnPacket }): Promise<void> {
    try {
      await bind(this.#rtp, host, port);
      await bind(this.#rtcp, host, port + 1);
    } catch (cause) {
      await this.close();
      throw cause;
    }
    this.#rtp.on('message', (packet, from) => on.rtp(packet, from.address, from.port));
    this.#rtcp.on('message', (packet, from) => on.rtcp(packet, from.address, from.port));
  }

  send(packet: Uint8Array, length: number, port: number, host: string): void {
    if (!this.#closed) this.#rtp.send(packet, 0, length, port, host);
  }

  sendReport(report: Uint8Array, port: number, host: string): void {
    if (!this.#closed) this.#rtcp.send(report, 0, report.length, port, host);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#rtp, this.#rtcp].map(closeSocket));
  }
}

function bind(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', reject);
      // ICMP 'port unreachable' and the like: the peer's loss shows in RTCP and in the media timeout.
      socket.on('error', () => {});
      resolve();
    });
  });
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    try {
      socket.close(resolve);
    } catch {
      resolve();
    }
  });
}
