import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { ownAddresses } from './local-address.ts';
import { listenTcp } from './tcp.ts';
import type { Timers } from './timers.ts';
import type { Endpoint, Flow, Listener, OnMessage, Protocol } from './transport.ts';
import { listenUdp } from './udp.ts';
import type { UriTarget } from './uri.ts';

export type NoRoute = { readonly kind: 'unresolved' | 'noTransport' };

/** Every listener of one engine, UDP and TCP on the same port. */
export class Transports {
  readonly listeners: readonly Listener[];
  constructor(listeners: readonly Listener[]) {
    this.listeners = listeners;
  }

  get port(): number {
    return this.listeners[0]?.local.port ?? 0;
  }

  /** `udp/127.0.0.1:5060`, one for each listener. */
  get hostports(): readonly string[] {
    return this.listeners.map(({ protocol, local }) => `${protocol}/${local.address}:${local.port}`);
  }

  /** True when a request to this host and port would come back to us. */
  isOwn(host: string, port: number | null): boolean {
    return this.listeners.some(({ local }) => {
      if (local.port !== (port ?? 5060)) return false;
      if (local.address === host) return true;
      if (host === 'localhost') return local.address === '127.0.0.1' || local.address === '0.0.0.0';
      return (local.address === '0.0.0.0' || local.address === '::') && ownAddresses().includes(host);
    });
  }

  listener(protocol: Protocol): Listener | null {
    return this.listeners.find((one) => one.protocol === protocol) ?? null;
  }

  /**
   * Gives `ready` the flow to a URI by its `;transport=`, host and port (RFC 3263 without SRV; UDP by default), at once
   * when the host is an address, after a look-up when it is a name.
   */
  route(target: UriTarget, ready: (flow: Flow | NoRoute) => void): void {
    const protocol = target.transport ?? 'udp';
    const listener = this.listeners.find((one) => one.protocol === protocol);
    if (!listener || target.scheme === 'sips') {
      ready({ kind: 'noTransport' });
      return;
    }
    const port = target.port ?? 5060;
    if (isIP(target.host)) ready(this.#reach(listener, { address: target.host, port }));
    else {
      lookup(target.host, { family: isIP(listener.local.address) }, (error, address) => {
        ready(error ? { kind: 'unresolved' } : this.#reach(listener, { address, port }));
      });
    }
  }

  #reach(listener: Listener, remote: Endpoint): Flow | NoRoute {
    // An IPv4 socket cannot send to an IPv6 address and the other way round.
    if (isIP(listener.local.address) !== isIP(remote.address)) return { kind: 'unresolved' };
    return listener.flowTo(remote);
  }

  async close(): Promise<void> {
    await Promise.all(this.listeners.map((one) => one.close()));
  }
}

/** Opens UDP and TCP on one port; 0 finds one that is free for both. Rejects with Node's error, `EADDRINUSE` first of all. */
export async function openTransports(
  host: string,
  port: number,
  timers: Timers,
  onMessage: OnMessage,
): Promise<Transports> {
  for (let attempt = 1; ; attempt++) {
    const udp = await listenUdp(host, port, onMessage);
    try {
      return new Transports([udp, await listenTcp(host, udp.local.port, onMessage, timers)]);
    } catch (error) {
      await udp.close();
      if (port !== 0 || attempt === 20 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}
