import { composeRequest, composeResponse, type HeaderList } from '../sip/compose.ts';
import { header, type SipRequest, type SipResponse, splitList } from '../sip/message.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import type { TransactionLayer } from '../sip/transaction-layer.ts';
import type { Flow } from '../sip/transport.ts';
import { parseUri } from '../sip/uri.ts';
import { type RemoteMedia, readSdp } from './sdp.ts';

/** Everything that a dialog keeps of the INVITE that made it (RFC 3261 §12.1). */
export type DialogState = {
  readonly callId: string;
  readonly local: string;
  readonly remote: string;
  /** Contact of the peer: where requests go. */
  readonly target: string;
  readonly routes: readonly string[];
  readonly localSdp: string;
  readonly contact: string;
  readonly cseq: number;
};

/** One established call of the phone. */
export class PhoneDialog {
  readonly state: DialogState;
  /** Resolves with who ended it. */
  readonly ended: Promise<'us' | 'peer'>;
  onMedia: (remote: RemoteMedia) => void = () => {};
  onNotify: (body: string) => void = () => {};
  readonly #layer: TransactionLayer;
  readonly #flow: Flow;
  readonly #end: (by: 'us' | 'peer') => void;
  #cseq: number;
  #over = false;

  constructor(layer: TransactionLayer, flow: Flow, state: DialogState) {
    this.#layer = layer;
    this.#flow = flow;
    this.state = state;
    this.#cseq = state.cseq;
    const { promise, resolve } = Promise.withResolvers<'us' | 'peer'>();
    this.ended = promise;
    this.#end = (by) => {
      this.#over = true;
      resolve(by);
    };
  }

  /** Sends a request within the dialog; resolves with its final answer. A 2xx to INVITE is acknowledged. */
  request(method: string, headers: HeaderList = [], body = ''): Promise<SipResponse> {
    const cseq = ++this.#cseq;
    const text = this.#compose(method, cseq, headers, body);
    return new Promise((resolve, reject) => {
      this.#route((flow) =>
        this.#layer.request(flow, text, {
          onResponse: (response: SipResponse) => {
            if (response.status < 200) return;
            if (method === 'INVITE' && response.status < 300)
              this.#route((back) => this.#layer.sendStateless(back, this.#compose('ACK', cseq)));
            resolve(response);
          },
          onTimeout: () => reject(new Error(`no answer to ${method}`)),
          onFailure: reject,
        }),
      );
    });
  }

  /** Hangs up; resolves when the peer has said that it knows, or will not. */
  async hangUp(): Promise<void> {
    if (this.#over) return;
    this.#end('us');
    const text = this.#compose('BYE', ++this.#cseq);
    await new Promise<void>((resolve) => {
      this.#route((flow) =>
        this.#layer.request(flow, text, {
          onResponse: (response: SipResponse) => response.status >= 200 && resolve(),
          onTimeout: resolve,
          onFailure: () => resolve(),
        }),
      );
    });
  }

  /** The ACK to a 2xx of ours (RFC 3261 §13.2.2.4). */
  acknowledge(): void {
    const text = this.#compose('ACK', this.state.cseq);
    this.#route((flow) => this.#layer.sendStateless(flow, text));
  }

  /** A request of the peer within this dialog. */
  onRequest(tx: ServerTransaction): void {
    const { request } = tx;
    switch (request.method) {
      case 'BYE':
        reply(tx, 200, 'OK');
        this.#end('peer');
        break;
      case 'INVITE':
      case 'UPDATE':
        this.#onOffer(tx);
        break;
      case 'NOTIFY':
        reply(tx, 200, 'OK');
        this.onNotify(request.body);
        break;
      case 'INFO':
      case 'OPTIONS':
      case 'MESSAGE':
        reply(tx, 200, 'OK');
        break;
      default:
        reply(tx, 501, 'Not Implemented');
    }
  }

  #onOffer(tx: ServerTransaction): void {
    const { body, method } = tx.request;
    const remote = body === '' ? null : readSdp(body);
    if (body !== '' && !remote) {
      reply(tx, 488, 'Not Acceptable Here');
      return;
    }
    if (remote) this.onMedia(remote);
    reply(tx, 200, 'OK', this.state.contact, method === 'INVITE' || remote ? this.state.localSdp : '');
  }

  #compose(method: string, cseq: number, more: HeaderList = [], body = ''): string {
    const { target, routes, local, remote, callId, contact } = this.state;
    const headers: HeaderList = [
      ...routes.map((route) => ['Route', route] as const),
      ['Max-Forwards', '70'],
      ['From', local],
      ['To', remote],
      ['Call-ID', callId],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', contact],
      ...more,
    ];
    return composeRequest(method, target, headers, body);
  }

  #route(ready: (flow: Flow) => void): void {
    const next = parseUri(this.state.routes[0] ?? this.state.target);
    // A connection is used again: the peer may not be able to accept another.
    if (!next || (this.#flow.protocol !== 'udp' && this.#flow.open)) ready(this.#flow);
    else this.#layer.transports.route(next, (flow) => ready('kind' in flow ? this.#flow : flow));
  }
}

/** Answers a request; `contact` and `sdp` where the response opens or refreshes a dialog. */
export function reply(tx: ServerTransaction, status: number, reason: string, contact?: string, sdp = ''): void {
  const headers: HeaderList = [
    ...(contact ? [['Contact', contact] as const] : []),
    ...(sdp ? [['Content-Type', 'application/sdp'] as const] : []),
  ];
  tx.respond(composeResponse(tx.request, { status, reason, toTag: tx.localTag, headers, body: sdp }));
}

/** The dialog that our 2xx to this INVITE makes. */
export function calledDialog(tx: ServerTransaction, localSdp: string, contact: string): DialogState {
  const { request } = tx;
  return {
    callId: request.callId,
    local: `${request.to.value};tag=${tx.localTag}`,
    remote: request.from.value,
    target: contactOf(request),
    routes: splitList(header(request, 'Record-Route') ?? ''),
    localSdp,
    contact,
    cseq: 0,
  };
}

/** The dialog that this 2xx to our INVITE makes; Record-Route turned round (RFC 3261 §12.1.2). */
export function callingDialog(response: SipResponse, localSdp: string, contact: string): DialogState {
  return {
    callId: response.callId,
    local: response.from.value,
    remote: response.to.value,
    target: contactOf(response),
    routes: splitList(header(response, 'Record-Route') ?? '').reverse(),
    localSdp,
    contact,
    cseq: response.cseq.number,
  };
}

function contactOf(message: SipRequest | SipResponse): string {
  const value = header(message, 'Contact') ?? '';
  return /<([^>]+)>/.exec(value)?.[1] ?? value.split(';')[0] ?? '';
}
