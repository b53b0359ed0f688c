import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a database that can be cut, as when the server or the network is away, and mended on the same port. */
export class CuttableDatabase {
  readonly url: string;
  readonly #host: string;
  readonly #port: number;
  readonly #ownPort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;

  static async to(databaseUrl: string): Promise<CuttableDatabase> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CuttableDatabase(databaseUrl, server);
  }

  private constructor(databaseUrl: string, server: Server) {
    const target = new URL(databaseUrl);
    this.#host = target.hostname;
    this.#port = Number(target.port);
    this.#ownPort = (server.address() as AddressInfo).port;
    const url = new URL(databaseUrl);
    url.host = `127.0.0.1:${this.#ownPort}`;
    this.url = url.href;
    this.#server = server.on('connection', (socket) => this.#join(socket));
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async mend(): Promise<void> {
    this.#server = createServer((socket) => this.#join(socket));
    this.#server.listen(this.#ownPort, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  #join(socket: Socket): void {
    const upstream = connect(this.#port, this.#host);
    for (const [end, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(end);
      end.on('error', () => other.destroy());
      end.on('close', () => {
        this.#sockets.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
  }
}
