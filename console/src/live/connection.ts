import type { ServerMessage } from '../../../app/api-types.ts';
import { dropEnded, type LiveState, nothingYet, receive } from './state.ts';

const silentForMs = 40_000;
const sessionEnded = 4401;

/** The live feed: one WebSocket that comes back by itself where it left off. Made for `useSyncExternalStore`. */
export class LiveConnection {
  #state: LiveState = nothingYet;
  #socket: WebSocket | null = null;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #sweep: ReturnType<typeof setInterval> | undefined;
  readonly #listeners = new Set<() => void>();

  readonly getState = (): LiveState => this.#state;

  /** The first subscriber opens the connection, the last one closes it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#open();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#close();
    };
  };

  #open(): void {
    this.#sweep ??= setInterval(() => this.#set(dropEnded(this.#state, Date.now())), 1_000);
    const { stream, sequence } = this.#state;
    const url = new URL('/api/events', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    if (stream !== null) url.search = new URLSearchParams({ stream, after: String(sequence) }).toString();
    const socket = new WebSocket(url);
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.#attempt = 0;
      // Resuming without anything missed brings no message.
      if (stream !== null) this.#set({ ...this.#state, connection: 'live' });
      this.#listenForSilence(socket);
    };
    socket.onmessage = (event) => {
      this.#listenForSilence(socket);
      try {
        this.#set(receive(this.#state, JSON.parse(event.data as string) as ServerMessage));
      } catch {
        socket.close();
      }
    };
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      clearTimeout(this.#silence);
      if (event.code === sessionEnded) this.#signedOut();
      else if (opened) this.#reconnect();
      else void this.#askWhyRefused(socket);
    };
  }

  /** A browser does not tell a refused WebSocket from an unreachable server. */
  async #askWhyRefused(socket: WebSocket): Promise<void> {
    const refused = await fetch('/api/me').then(
      (response) => response.status === 401,
      () => false,
    );
    if (this.#socket !== socket) return;
    if (refused) this.#signedOut();
    else this.#reconnect();
  }

  #signedOut(): void {
    this.#set({ ...nothingYet, connection: 'signed-out' });
  }

  #reconnect(): void {
    this.#set({ ...this.#state, connection: 'lost' });
    const delayMs = Math.min(5_000, 250 * 2 ** this.#attempt) * (0.5 + Math.random() / 2);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#open(), delayMs);
  }

  #close(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    clearInterval(this.#sweep);
    this.#sweep = undefined;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#state = nothingYet;
  }

  #listenForSilence(socket: WebSocket): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      // A dead network never closes the socket: leave it and dial anew.
      if (this.#socket !== socket) return;
      this.#socket = null;
      socket.close();
      this.#reconnect();
    }, silentForMs);
  }

  #set(state: LiveState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
