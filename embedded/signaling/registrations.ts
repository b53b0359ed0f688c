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
  readonly #flows = new Map<string, { readonly flow: Flow; readonly until: number }>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Learns from a REGISTER or SUBSCRIBE that an application accepted. `accepted`: its 2xx's Contact, which carries the granted times. */
  learn(request: SipRequest, flow: Flow, accepted: string | undefined, expires: string | undefined): void {
    if (!isReliable(flow.protocol)) return;
    const ours = new Set(splitList(request.headers.contact ?? '').map(keyOfValue));
    const granted = Number(expires ?? request.headers.expires ?? 3600);
    for (const value of splitList(accepted ?? request.headers.contact ?? '')) {
      const key = keyOfValue(value);
      // The 2xx lists every binding of the user; only this request's came over this connection (RFC 3261 §10.3).
      if (key === null || !ours.has(key)) continue;
      const own = /;\s*expires\s*=\s*"?(\d{1,10})/i.exec(value)?.[1];
      const seconds = Math.min(own === undefined ? granted : Number(own), 86_400);
      if (seconds > 0) this.#flows.set(key, { flow, until: this.#timers.now() + seconds * 1000 });
      else this.#flows.delete(key);
    }
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

  sweep(): void {
    for (const [key, { flow, until }] of this.#flows) {
      if (!flow.open || until <= this.#timers.now()) this.#flows.delete(key);
    }
  }
}

function keyOfValue(contact: string): string | null {
  const uri = parseNameAddr(contact)?.uri;
  return uri === undefined ? null : keyOf(uri);
}

function keyOf(uri: string): string | null {
  const target = parseUri(uri);
  return target?.user == null ? null : `${target.user}@${target.host.toLowerCase()}`;
}
