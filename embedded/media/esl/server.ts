/* The inbound event socket: apps log in and command the whole engine (spec section 2). */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { block, type EslCommand, type EslHeaders } from './codec.ts';
import { EslConnection } from './connection.ts';
import type { EslEvent } from './event.ts';

export type ServerHandler = {
  api(command: string): Promise<string>;
  sendmsg(uuid: string, headers: EslHeaders): string;
  publish(event: EslEvent): void;
};

export class EslServer {
  readonly #server: Server;
  readonly #secret: string;
  readonly #handler: ServerHandler;
  readonly #loggedIn = new Set<EslConnection>();
  readonly #open = new Set<EslConnection>();

  constructor(secret: string, handler: ServerHandler) {
    this.#secret = secret;
    this.#handler = handler;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Resolves with the port that was bound; rejects with Node's error when it is taken. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as { port: number }).port);
      });
    });
  }

  publish(event: EslEvent): void {
    for (const connection of this.#loggedIn) connection.event(event);
  }

  async stop(): Promise<void> {
    for (const connection of this.#open) connection.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const connection: EslConnection = new EslConnection(socket, {
      api: (command) => this.#handler.api(command),
      sendmsg: (uuid, headers) => this.#handler.sendmsg(uuid, headers),
      own: (command) => !this.#loggedIn.has(connection) && this.#login(command, connection),
      publish: (event) => this.#handler.publish(event),
      onClose: () => {
        this.#loggedIn.delete(connection);
        this.#open.delete(connection);
      },
    });
    this.#open.add(connection);
    connection.write(block([['Content-Type', 'auth/request']]));
  }

  /** Nothing but `auth` is heard before the secret was right. */
  #login(command: EslCommand, connection: EslConnection): boolean {
    const [verb, secret = ''] = command.line.split(/\s+/, 2);
    if (verb === 'auth' && equal(secret, this.#secret)) {
      this.#loggedIn.add(connection);
      connection.reply('+OK accepted');
    } else if (verb === 'exit') return false;
    else {
      connection.reply(verb === 'auth' ? '-ERR invalid' : '-ERR command not found');
      if (verb === 'auth') connection.disconnect(null);
    }
    return true;
  }
}

function equal(given: string, wanted: string): boolean {
  const one = Buffer.from(given);
  const other = Buffer.from(wanted);
  return one.length === other.length && timingSafeEqual(one, other);
}
