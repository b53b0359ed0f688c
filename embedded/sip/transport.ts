/** Transports of RFC 3261 and RFC 7118. TLS and WebSocket listeners come by implementing `Listener`. */
export type Protocol = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
export type Endpoint = { readonly address: string; readonly port: number };

/** One peer over one transport: a UDP address pair or a connection. */
export interface Flow {
  readonly protocol: Protocol;
  /** Address and port of our listener, not the ephemeral port of an outgoing connection. */
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** False once the connection is gone; always true for UDP. */
  readonly open: boolean;
  /** Sends one message (latin1 text). A failure comes to `onError` later, never as an exception. */
  send(text: string, onError?: (error: Error) => void): void;
  /** Calls `closed` when the connection is lost; never for UDP. The returned function takes that back. */
  onClose(closed: (error: Error) => void): () => void;
  /** Calls `unreachable` when the system learns at once that nobody listens there (ICMP); a connection does that itself. */
  probe(unreachable: (error: Error) => void): void;
}

export interface Listener {
  readonly protocol: Protocol;
  readonly local: Endpoint;
  /** The flow to a peer: the open connection when there is one, else a new one. */
  flowTo(remote: Endpoint): Flow;
  /** The open connection to exactly this remote, if any. */
  existing(remote: Endpoint): Flow | null;
  close(): Promise<void>;
}

/** What a listener does with a message it has framed. */
export type OnMessage = (text: string, flow: Flow) => void;

export function isReliable(protocol: Protocol): boolean {
  return protocol !== 'udp';
}
