import { randomUUID } from 'node:crypto';
import { type ClientHandlers, ClientTransaction } from './client-transaction.ts';
import { composeResponse, insertVia, newBranch, token } from './compose.ts';
import { type Malformed, parseMessage, type SipRequest, type SipResponse, stampVia, type Via } from './message.ts';
import { type ServerHost, ServerTransaction } from './server-transaction.ts';
import { rfcTiming, type Timers, type Timing } from './timers.ts';
import type { Flow } from './transport.ts';
import { isReliable } from './transport.ts';
import { openTransports, type Transports } from './transports.ts';
import { uriHost } from './uri.ts';

/*
 * The transaction layer of RFC 3261 §17, shared by both embedded engines. How to build a UAS or a UAC on it:
 *
 *   const layer = await openTransactionLayer({ host, port, timers: nodeTimers(onError), tu, onError });
 *   layer.transports.port                              // the port that was bound
 *
 * The TU (`TransactionUser`) hears of requests only, retransmissions and the ACK of a refusal already absorbed:
 *   onRequest(tx)          new request; answer with tx.respond(...) now or later. tx.request is parsed, tx.flow is where it came from.
 *   onCancel(tx, invite)   a CANCEL and the INVITE it matches (null: none; answer 481). Nothing is answered by the layer.
 *   onAck(ack, flow, tx)   the ACK to a 2xx; `tx` is the INVITE's transaction, null when it is not known (any more).
 *   onAckTimeout(tx)       64*T1 after a 2xx no ACK has come; on UDP the 2xx was repeated meanwhile. The TU sends BYE.
 *
 * Answering:  tx.respond(composeResponse(tx.request, { status, reason, toTag: tx.localTag, headers, body })) → was it sent.
 *             tx.localTag is made once for each transaction; a request in a dialog keeps its own.
 * Asking:     layer.transports.route(uri, (flow) => {
 *               layer.request(flow, composeRequest('INVITE', uri, headers, sdp), { onResponse, onTimeout, onFailure }) });
 *             The text has no Via: the layer adds it, with a fresh branch. The ACK to a refusal is the layer's; for a 2xx
 *             each copy is handed up and the TU sends its ACK with layer.sendStateless(flow, ackText).
 * CANCEL:     client.cancel([...headers]) once or never; it leaves when the first provisional response has come.
 */
export type TransactionUser = {
  onRequest(tx: ServerTransaction): void;
  onCancel(cancel: ServerTransaction, invite: ServerTransaction | null): void;
  onAck(ack: SipRequest, flow: Flow, invite: ServerTransaction | null): void;
  onAckTimeout(invite: ServerTransaction): void;
  /** A response that belongs to no client transaction, e.g. a 2xx repeated after 64*T1. */
  onStrayResponse?(response: SipResponse, flow: Flow): void;
  /** A message that was refused or dropped, for counting. */
  onMalformed?(malformed: Malformed, flow: Flow): void;
};

export type LayerOptions = {
  readonly host: string;
  /** 0: any port that is free on UDP and TCP. */
  readonly port: number;
  readonly timers: Timers;
  readonly timing?: Timing;
  /** Requests beyond so many remembered ones get a stateless 503: a flood must not become our memory. Default 100,000 (about 0.5 GB). */
  readonly maxServerTransactions?: number;
  readonly tu: TransactionUser;
  /** Hears of exceptions of the TU: a message that runs into a fault of ours is dropped, the others go on. */
  readonly onError: (error: unknown) => void;
};

/** Opens UDP and TCP and starts taking requests. Rejects with Node's error when a port is taken. */
export async function openTransactionLayer(options: LayerOptions): Promise<TransactionLayer> {
  // A datagram that comes between the binds is dropped; its sender repeats it.
  let layer: TransactionLayer | null = null;
  const transports = await openTransports(options.host, options.port, options.timers, (text, flow) => {
    try {
      layer?.receive(text, flow);
    } catch (error) {
      options.onError(error);
    }
  });
  layer = new TransactionLayer(transports, options);
  return layer;
}

export class TransactionLayer implements ServerHost {
  readonly transports: Transports;
  readonly timers: Timers;
  readonly timing: Timing;
  readonly tu: TransactionUser;
  readonly #maxServers: number;
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #clients = new Map<string, ClientTransaction>();
  /** INVITEs answered 2xx that wait for their ACK, by dialog and CSeq. */
  readonly #unacknowledged = new Map<string, ServerTransaction>();

  constructor(
    transports: Transports,
    options: Pick<LayerOptions, 'timers' | 'timing' | 'tu' | 'maxServerTransactions'>,
  ) {
    this.transports = transports;
    this.timers = options.timers;
    this.timing = options.timing ?? rfcTiming;
    this.tu = options.tu;
    this.#maxServers = options.maxServerTransactions ?? 100_000;
  }

  /** Transactions in memory, for metrics and leak checks. */
  get size(): number {
    return this.#servers.size + this.#clients.size;
  }

  /** One message as a listener framed it. Never throws for what a peer sent. */
  receive(raw: string, flow: Flow): void {
    const request = !raw.startsWith('SIP/');
    const text = request ? stampVia(raw, flow.remote.address, flow.remote.port) : raw;
    const message = parseMessage(text);
    if (message.kind === 'malformed') this.#refuse(message, flow);
    else if (message.kind === 'response') this.#response(message, flow, raw.length);
    else this.#request(message, flow, raw.length);
  }

  /** Starts a client transaction. `text` is a complete request without Via. */
  request(flow: Flow, text: string, handlers: ClientHandlers, branch = newBranch()): ClientTransaction {
    const sent = insertVia(text, viaFor(flow, branch));
    const request = parseMessage(sent);
    if (request.kind !== 'request') throw new Error('the request to send is not a request');
    const key = `${branch} ${request.method}`;
    const client = new ClientTransaction(this, request, branch, flow, handlers, () => this.#clients.delete(key));
    this.#clients.set(key, client);
    client.begin();
    return client;
  }

  /** Sends a request that has no transaction (the ACK to a 2xx) and returns it as sent. */
  sendStateless(flow: Flow, text: string): string {
    const sent = insertVia(text, viaFor(flow, newBranch()));
    flow.send(sent);
    return sent;
  }

  /** Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4). Null when the connection is gone and no other can be made. */
  replyFlow(via: Via, flow: Flow): Flow | null {
    if (isReliable(flow.protocol)) {
      if (flow.open) return flow;
      const address = via.received ?? via.host.replace(/^\[|\]$/g, '');
      return this.transports.listener(flow.protocol)?.flowTo({ address, port: via.port ?? 5060 }) ?? null;
    }
    // The address is the packet's own, so a forged Via cannot aim our answers at somebody else.
    const port = via.rport ?? via.port ?? 5060;
    if (port === flow.remote.port) return flow;
    return this.transports.listener('udp')?.flowTo({ address: flow.remote.address, port }) ?? null;
  }

  awaitAck(tx: ServerTransaction, toTag: string): () => void {
    const key = ackKey(tx.request, toTag);
    this.#unacknowledged.set(key, tx);
    return () => {
      if (this.#unacknowledged.get(key) === tx) this.#unacknowledged.delete(key);
    };
  }

  #request(request: SipRequest, flow: Flow, sizeBytes: number) {
    const key = serverKey(request, request.method === 'ACK' ? 'INVITE' : request.method);
    const known = this.#servers.get(key);
    if (request.method === 'ACK') {
      const acknowledged = this.#unacknowledged.get(ackKey(request, request.to.tag ?? ''));
      // A peer may give the ACK of a 2xx the INVITE's branch; what decides is what was answered.
      if (known && !acknowledged && known.refused) known.onAck();
      else {
        acknowledged?.acknowledge();
        this.tu.onAck(request, flow, acknowledged ?? null);
      }
      return;
    }
    if (known) {
      known.onRetransmission();
      return;
    }
    if (this.#servers.size >= this.#maxServers) {
      const busy = {
        status: 503,
        reason: 'Service Unavailable',
        toTag: token(),
        headers: [['Retry-After', '5']] as const,
      };
      return void this.replyFlow(request.via, flow)?.send(composeResponse(request, busy));
    }
    const end = () => this.#servers.delete(key);
    const tx = new ServerTransaction(this, randomUUID(), request, flow, sizeBytes, end);
    this.#servers.set(key, tx);
    if (request.method === 'CANCEL') this.tu.onCancel(tx, this.#servers.get(serverKey(request, 'INVITE')) ?? null);
    else this.tu.onRequest(tx);
  }

  #response(response: SipResponse, flow: Flow, sizeBytes: number): void {
    const client = this.#clients.get(`${response.via.branch ?? ''} ${response.cseq.method}`);
    // As many Vias as we sent, or it was meant for another hop (RFC 3261 §18.1.2).
    if (client && response.vias.length === client.request.vias.length) client.onResponse(response, flow, sizeBytes);
    else this.tu.onStrayResponse?.(response, flow);
  }

  #refuse(malformed: Malformed, flow: Flow): void {
    this.tu.onMalformed?.(malformed, flow);
    if (!malformed.reply) return;
    const { status, reason, via, copied } = malformed.reply;
    this.replyFlow(via, flow)?.send(`SIP/2.0 ${status} ${reason}\r\n${copied}Content-Length: 0\r\n\r\n`);
  }
}

/** RFC 3261 §17.2.3: by branch, sent-by and method; a branch without the cookie is a client of RFC 2543. */
function serverKey(request: SipRequest, method: string): string {
  const { via } = request;
  const sentBy = `${via.host}:${via.port ?? 5060}`;
  if (via.branch && via.branch.length > 7 && via.branch.toLowerCase().startsWith('z9hg4bk')) {
    return `${via.branch} ${sentBy} ${method}`;
  }
  return `${request.callId} ${request.from.tag} ${request.cseq.number} ${sentBy} ${via.branch} ${method}`;
}

function ackKey(request: SipRequest, toTag: string): string {
  return `${request.callId} ${request.from.tag} ${toTag} ${request.cseq.number}`;
}

/** Our Via towards a flow: the port is left out when it is 5060, rport is asked for on UDP. */
export function viaFor(flow: Flow, branch: string): string {
  const { address, port } = flow.local;
  const sentBy = port === 5060 ? uriHost(address) : `${uriHost(address)}:${port}`;
  const protocol = flow.protocol.toUpperCase();
  return `SIP/2.0/${protocol} ${sentBy}${flow.protocol === 'udp' ? ';rport' : ''};branch=${branch}`;
}
