/*
 * One event socket connection after its greeting, inbound or outbound: answers commands in order, passes on the events
 * that it subscribed. Commands of one connection run one after another (spec section 12).
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { block, CommandParser, type EslCommand, type EslHeaders } from './codec.ts';
import { baseFields, type EslEvent, makeEvent } from './event.ts';
import { Subscription } from './subscription.ts';

const goodbye = 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n';
/** Unsent bytes after which a client that does not read is cut off. */
const maxBacklogBytes = 32 * 1024 * 1024;

export type CommandHandler = {
  /** Runs an api command; resolves with its body. */
  api(command: string): Promise<string>;
  /** `sendmsg`: what Reply-Text says. `uuid` is empty when the line named none. */
  sendmsg(uuid: string, headers: EslHeaders): string;
  /** A command of the connection's own kind (`auth`, `connect`): true when it was one. */
  own(command: EslCommand, connection: EslConnection): boolean;
  publish(event: EslEvent): void;
  onClose(): void;
};

export class EslConnection {
  readonly #socket: Socket;
  readonly #handler: CommandHandler;
  readonly #subscription = new Subscription();
  readonly #queue: EslCommand[] = [];
  #running = false;
  #ended = false;

  constructor(socket: Socket, handler: CommandHandler) {
    this.#socket = socket;
    this.#handler = handler;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.setEncoding('utf8');
    const parser = new CommandParser();
    socket.on('data', (text) => {
      try {
        this.#queue.push(...parser.push(String(text)));
      } catch {
        return void socket.destroy();
      }
      if (!this.#running) void this.#run();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ended = true;
      handler.onClose();
    });
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  write(text: string): void {
    if (this.#ended || !this.#socket.writable) return;
    this.#socket.write(text);
    if (this.#socket.writableLength > maxBacklogBytes) this.#socket.destroy();
  }

  reply(text: string): void {
    this.write(
      block([
        ['Content-Type', 'command/reply'],
        ['Reply-Text', text],
      ]),
    );
  }

  event(event: EslEvent): void {
    if (this.#ended || !this.#subscription.accepts(event)) return;
    this.write(`Content-Length: ${Buffer.byteLength(event.json)}\nContent-Type: text/event-json\n\n${event.json}`);
  }

  /** Notice of disconnection, then close. `uuid`: the channel that this socket controlled, null on an inbound one. */
  disconnect(uuid: string | null): void {
    if (this.#ended) return;
    const own: [string, string][] =
      uuid === null
        ? []
        : [
            ['Controlled-Session-UUID', uuid],
            ['Content-Disposition', 'disconnect'],
          ];
    this.write(block([['Content-Type', 'text/disconnect-notice'], ...own], goodbye));
    this.#ended = true;
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let command = this.#queue.shift(); command !== undefined; command = this.#queue.shift()) {
      if (this.#ended) break;
      await this.#handle(command);
    }
    this.#running = false;
  }

  async #handle(command: EslCommand): Promise<void> {
    if (this.#handler.own(command, this)) return;
    const [verb = '', ...words] = command.line.trim().split(/\s+/);
    const rest = command.line.trim().slice(verb.length).trim();
    switch (verb.toLowerCase()) {
      case 'api':
        return this.write(
          block([['Content-Type', 'api/response']], (await this.#handler.api(rest)) || '-ERR no reply\n'),
        );
      case 'bgapi':
        return this.#background(rest, command.headers.get('job-uuid') ?? randomUUID());
      case 'event':
      case 'myevents':
        this.#subscription.add(words);
        return this.reply('+OK event listener enabled json');
      case 'nixevent':
        this.#subscription.remove(words);
        return this.reply('+OK events nixed');
      case 'noevents':
        this.#subscription.clear();
        return this.reply('+OK no longer listening for events');
      case 'filter':
        return this.#filter(words);
      case 'sendmsg':
        return this.reply(this.#handler.sendmsg(words[0] ?? '', command.headers));
      case 'linger':
      case 'nolinger':
      case 'log':
      case 'nolog':
      case 'divert_events':
        return this.reply('+OK');
      case 'exit':
      case '...':
        this.reply('+OK bye');
        return this.disconnect(null);
      default:
        return this.reply('-ERR command not found');
    }
  }

  #background(command: string, job: string): void {
    this.write(
      block([
        ['Content-Type', 'command/reply'],
        ['Reply-Text', `+OK Job-UUID: ${job}`],
        ['Job-UUID', job],
      ]),
    );
    void this.#handler.api(command).then((body) => {
      const fields = {
        ...baseFields('BACKGROUND_JOB', ''),
        'Job-UUID': job,
        'Job-Command': command.split(' ')[0] ?? '',
      };
      this.#handler.publish(makeEvent(fields, body));
    });
  }

  #filter(words: readonly string[]): void {
    const [header = '', ...values] = words;
    if (header === 'delete') {
      this.#subscription.removeFilter(values[0] ?? 'all');
      this.reply('+OK filter deleted.');
      return;
    }
    const value = values.join(' ');
    if (header === '' || value === '') {
      this.reply('-ERR invalid syntax');
      return;
    }
    if (!this.#subscription.addFilter(header, value)) {
      this.reply('-ERR invalid expression');
      return;
    }
    this.reply(`+OK filter added. [${header}]=[${value}]`);
  }
}
