/* The outbound event socket: for each channel the engine connects to the app, which then controls it (spec section 4). */
import { connect } from 'node:net';
import type { EslHeaders } from './codec.ts';
import { EslConnection } from './connection.ts';
import type { EslEvent } from './event.ts';

const connectTimeoutMs = 5000;
const firstCommandTimeoutMs = 25_000;

export type OutboundHandler = {
  api(command: string): Promise<string>;
  sendmsg(uuid: string, headers: EslHeaders): string;
  publish(event: EslEvent): void;
  /** The block that answers `connect`. */
  channelData(): string;
  /** The app went away, was never there, or said nothing. Once. */
  onLost(): void;
};

export class OutboundSocket {
  readonly #connection: EslConnection;
  readonly #uuid: string;

  /** Starts connecting to `address` (`host:port`). */
  constructor(address: string, uuid: string, handler: OutboundHandler) {
    this.#uuid = uuid;
    const colon = address.lastIndexOf(':');
    const socket = connect(Number(address.slice(colon + 1)), address.slice(0, colon).replace(/^\[|\]$/g, ''));
    const silence = setTimeout(() => socket.destroy(), firstCommandTimeoutMs);
    const slow = setTimeout(() => socket.destroy(), connectTimeoutMs);
    socket.once('connect', () => clearTimeout(slow));
    this.#connection = new EslConnection(socket, {
      api: handler.api,
      sendmsg: (target, headers) => handler.sendmsg(target === '' ? uuid : target, headers),
      own: (command, connection) => {
        clearTimeout(silence);
        if (command.line.trim() !== 'connect') return false;
        connection.write(handler.channelData());
        return true;
      },
      publish: handler.publish,
      onClose: () => {
        clearTimeout(silence);
        clearTimeout(slow);
        handler.onLost();
      },
    });
  }

  event(event: EslEvent): void {
    this.#connection.event(event);
  }

  /** The channel has ended. */
  end(): void {
    this.#connection.disconnect(this.#uuid);
  }
}

/** Is this what X-esl-outbound may say: a host and a port. */
export function isSocketAddress(text: string): boolean {
  const port = Number(/:(\d+)$/.exec(text)?.[1] ?? 0);
  return /^(\[[0-9a-f:]+\]|[\w.-]+):\d+$/i.test(text) && port > 0 && port < 65536;
}
