import { parseNameAddr, type SipRequest, splitList } from '../sip/message.ts';
import type { Timers } from '../sip/timers.ts';
import { type Flow, isReliable } from '../sip/transport.ts';
import { parseUri } from '../sip/uri.ts';

/**
 * Connections that phones registered over. A TCP, TLS or WebSocket phone often cannot be reached by the address in its
 * Contact, only by the connection it holds open, so requests to that contact's user and host take it (RFC 5626's idea).
 */
export class Registrations {
  readonly #timers: Timers;
  /** Sources of accepted REGISTERs, on any transport. */
  readonly #sources = new Map<string, number>();
  readonly #flows = new Map<string, { readonly flow: Flow; readonly until: number }>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Learns from a REGISTER or SUBSCRIBE that an application accepted. `accepted`: its 2xx's Contact, which carries the granted times. */
  learn(request: SipRequest, flow: Flow, accepted: string | undefined, expires: string | undefined): void {
    const now = this.#timers.now();
    const ours = new Set(splitList(request.headers.contact ?? '').map(keyOfValue));
    const granted = Number(expires ?? request.headers.expires ?? 3600);
    let longest = 0;
    for (const value of splitList(accepted ?? request.headers.contact ?? '')) {
      const key = keyOfValue(value);
      // The 2xx lists every binding of the user; only this request's came over this connection (RFC 3261 §10.3).
      if (!ours.has(key)) continue;
      const own = /;\s*expires\s*=\s*"?(\d{1,10})/i.exec(value)?.[1];
      const seconds = Math.min(own === undefined ? granted : Number(own), 86_400);
      longest = Math.max(longest, seconds);
      if (key === null || !isReliable(flow.protocol)) continue;
      if (seconds > 0) this.#flows.set(key, { flow, until: now + seconds * 1000 });
      else this.#flows.delete(key);
    }
    if (request.method !== 'REGISTER') return;
    if (longest > 0) this.#sources.set(sourceOf(flow), now + longest * 1000);
    else this.#sources.delete(sourceOf(flow));
  }

  /** The open connection for this request URI, or null. */
  find(uri: string): Flow | null {
    const key = keyOf(uri);
    const entry = key === null ? undefined : this.#flows.get(key);
    if (!entry || key === null) return null;
    if (entry.flow.open && entry.until > this.#timers.now()) return entry.flow;
    this.#flows.delete(key);
    return null;
  }

  /** True when an accepted REGISTER came from exactly there and has not run out. */
  knows(flow: Flow): boolean {
    return (this.#sources.get(sourceOf(flow)) ?? 0) > this.#timers.now();
  }

  sweep(): void {
    for (const [source, until] of this.#sources) if (until <= this.#timers.now()) this.#sources.delete(source);
    for (const [key, { flow, until }] of this.#flows) {
      if (!flow.open || until <= this.#timers.now()) this.#flows.delete(key);
    }
  }
}

const sourceOf = ({ protocol, remote }: Flow) => `${protocol} ${remote.address} ${remote.port}`;

function keyOfValue(contact: string): string | null {
  const uri = parseNameAddr(contact)?.uri;
  return uri === undefined ? null : keyOf(uri);
}

function keyOf(uri: string): string | null {
  const target = parseUri(uri);
  return target?.user == null ? null : `${target.user}@${target.host.toLowerCase()}`;
}
