/* The RTCP of one party: what we tell it every five seconds, what it tells us of our stream. */
import type { Latch } from './latch.ts';
import type { OutStream } from './out-stream.ts';
import type { Reception } from './reception.ts';
import { buildReport, readReport } from './rtcp.ts';
import type { RtpSockets } from './sockets.ts';

export class Reports {
  readonly #sockets: RtpSockets;
  readonly #latch: Latch;
  readonly #out: OutStream;
  readonly #reception: Reception;
  /** Port of the peer's RTCP by its SDP; 0: it has none yet. */
  port = 0;
  received = 0;
  /** What the peer's last report block says. */
  remoteLost = 0;
  remoteJitterTicks = 0;

  constructor(sockets: RtpSockets, latch: Latch, out: OutStream, reception: Reception) {
    this.#sockets = sockets;
    this.#latch = latch;
    this.#out = out;
    this.#reception = reception;
  }

  send(): void {
    const { ssrc, packets, bytes, timestamp } = this.#out;
    if (this.port === 0 || (packets === 0 && this.#reception.packets === 0)) return;
    const report = buildReport({ ssrc, timestamp, packets, bytes }, this.#reception, Date.now());
    const port = this.#latch.state === 'nat' ? this.#latch.port + 1 : this.port;
    this.#sockets.sendReport(report, port, this.#latch.host);
  }

  onPacket(packet: Buffer, host: string): void {
    if (host !== this.#latch.host) return;
    this.received += 1;
    const block = readReport(packet, this.#out.ssrc);
    if (block === null) return;
    this.remoteLost = block.lost;
    this.remoteJitterTicks = block.jitterTicks;
  }
}
