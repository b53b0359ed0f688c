import { randomUUID } from 'node:crypto';
import type { ClientTransaction } from '../sip/client-transaction.ts';
import { composeRequest, composeResponse, type HeaderList, token } from '../sip/compose.ts';
import { header, type SipResponse } from '../sip/message.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import { nodeTimers } from '../sip/timers.ts';
import { openTransactionLayer, type TransactionLayer } from '../sip/transaction-layer.ts';
import type { Endpoint } from '../sip/transport.ts';
import { parseUri } from '../sip/uri.ts';
import { calledDialog, callingDialog, PhoneDialog, reply } from './dialog.ts';
import { answerChallenge, type Credentials } from './digest-answer.ts';
import { type RemoteMedia, readSdp } from './sdp.ts';

/*
 * A SIP user agent of one G.711 stream a call, on the engine's transaction layer: what the demo's desk phones and
 * callers are made of. It speaks UDP, registers with digest, calls, answers, hangs up; no transfer, no SRTP.
 */

/** A call that rings here. Exactly one of `answer` and `refuse` ends the ringing. */
export type IncomingCall = {
  /** User part of the Request-URI. */
  readonly dialled: string;
  readonly from: string;
  readonly headers: (name: string) => string | undefined;
  readonly body: string;
  readonly offer: RemoteMedia | null;
  /** Aborted when the caller gives up first. */
  readonly cancelled: AbortSignal;
  ring(): void;
  /** The dialog is over at once when the caller has gone meanwhile. */
  answer(sdp: string): PhoneDialog;
  refuse(status: number, reason: string, headers?: HeaderList): void;
};

export type OutgoingCall = {
  /** Dialled number or user part. */
  readonly to: string;
  readonly from: string;
  readonly display?: string;
  readonly via: Endpoint;
  readonly sdp: string;
  readonly headers?: HeaderList;
  /** What a 407 is answered with. */
  readonly credentials?: Credentials;
  readonly onProvisional?: (status: number, reason: string) => void;
  /** Abort to CANCEL. */
  readonly signal?: AbortSignal;
};
export type CallResult =
  | { readonly kind: 'answered'; readonly dialog: PhoneDialog; readonly media: RemoteMedia }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string };

export type RegisterAnswer = { readonly status: number; readonly reason: string; readonly headers: HeaderList };

export class UserAgent {
  onIncoming: (call: IncomingCall) => void = (call) => call.refuse(480, 'Temporarily Unavailable');
  /** A REGISTER, for what plays a registrar; 405 without. */
  onRegister: ((headers: (name: string) => string | undefined) => RegisterAnswer) | null = null;
  readonly #layer: TransactionLayer;
  readonly #timers: ReturnType<typeof nodeTimers>;
  readonly #dialogs = new Map<string, PhoneDialog>();
  readonly #ringing = new Map<string, AbortController>();
  readonly #host: string;

  static async open(host = '127.0.0.1', port = 0): Promise<UserAgent> {
    const onError = (error: unknown) => console.error('phone:', error);
    const timers = nodeTimers(onError);
    // Nothing comes before the binds are done.
    let self: UserAgent | undefined;
    const layer = await openTransactionLayer({
      host,
      port,
      timers,
      onError,
      tu: {
        onRequest: (tx) => self?.receive(tx),
        onCancel: (cancel, invite) => self?.receive(cancel, invite),
        onAck: () => {},
        onAckTimeout: () => {},
      },
    });
    self = new UserAgent(layer, timers, host);
    return self;
  }

  private constructor(layer: TransactionLayer, timers: ReturnType<typeof nodeTimers>, host: string) {
    this.#layer = layer;
    this.#timers = timers;
    this.#host = host;
  }

  get port(): number {
    return this.#layer.transports.port;
  }

  /** Binds `credentials.user` at the registrar for so long; 0 unbinds. Resolves with the final status. */
  async register(
    registrar: Endpoint,
    domain: string,
    credentials: Credentials,
    expiresSeconds: number,
  ): Promise<number> {
    const uri = `sip:${domain}`;
    const aor = `<sip:${credentials.user}@${domain}>`;
    const common: HeaderList = [
      ['Max-Forwards', '70'],
      ['From', `${aor};tag=${token()}`],
      ['To', aor],
      ['Call-ID', randomUUID()],
      ['Contact', `<sip:${credentials.user}@${this.#host}:${this.port}>`],
      ['Expires', String(expiresSeconds)],
    ];
    const ask = (cseq: number, more: HeaderList) =>
      this.#ask(registrar, composeRequest('REGISTER', uri, [...common, ['CSeq', `${cseq} REGISTER`], ...more]));
    const first = await ask(1, []);
    if (first.status !== 401 && first.status !== 407) return first.status;
    const [asked, answers] =
      first.status === 401
        ? (['WWW-Authenticate', 'Authorization'] as const)
        : (['Proxy-Authenticate', 'Proxy-Authorization'] as const);
    const challenge = header(first, asked) ?? '';
    const answer = answerChallenge(challenge, { method: 'REGISTER', uri }, credentials);
    return answer === null ? first.status : (await ask(2, [[answers, answer]])).status;
  }

  /** Calls; resolves with the final answer. A 2xx without G.711 is hung up and told as a refusal. */
  async call(call: OutgoingCall): Promise<CallResult> {
    const { via, from, display, to } = call;
    const uri = `sip:${to}@${via.address}:${via.port}`;
    const contact = `<sip:${from}@${this.#host}:${this.port}>`;
    const name = display ? `"${display}" ` : '';
    const callId = randomUUID();
    const tag = token();
    const headers = (cseq: number, more: HeaderList): HeaderList => [
      ['Max-Forwards', '70'],
      ['From', `${name}<sip:${from}@${this.#host}:${this.port}>;tag=${tag}`],
      ['To', `<${uri}>`],
      ['Call-ID', callId],
      ['CSeq', `${cseq} INVITE`],
      ['Contact', contact],
      ...(call.headers ?? []),
      ...more,
      ['Content-Type', 'application/sdp'],
    ];
    const send = (cseq: number, more: HeaderList) =>
      this.#invite(call, composeRequest('INVITE', uri, headers(cseq, more), call.sdp));
    let { response, flow } = await send(1, []);
    const challenge = response.status === 407 ? header(response, 'Proxy-Authenticate') : null;
    if (challenge && call.credentials) {
      const answer = answerChallenge(challenge, { method: 'INVITE', uri }, call.credentials);
      if (answer !== null) ({ response, flow } = await send(2, [['Proxy-Authorization', answer]]));
    }
    if (response.status >= 300) return { kind: 'refused', status: response.status, reason: response.reason };
    const dialog = new PhoneDialog(this.#layer, flow, callingDialog(response, call.sdp, contact));
    this.#keep(dialog, response.from.tag ?? '');
    dialog.acknowledge();
    const media = readSdp(response.body);
    if (media && !call.signal?.aborted) return { kind: 'answered', dialog, media };
    await dialog.hangUp();
    return { kind: 'refused', status: 488, reason: media ? 'Cancelled too late' : 'Not Acceptable Here' };
  }

  /** Drops everything; calls should have been hung up before. */
  async close(): Promise<void> {
    this.#timers.stop();
    await this.#layer.transports.close();
  }

  #invite(call: OutgoingCall, text: string): Promise<{ response: SipResponse; flow: ClientTransaction['flow'] }> {
    return new Promise((resolve, reject) => {
      this.#route(call.via, reject, (flow) => {
        let dialog: SipResponse | null = null;
        const transaction = this.#layer.request(flow, text, {
          onResponse: (response) => {
            if (response.status < 200) call.onProvisional?.(response.status, response.reason);
            else if (dialog) this.#dialogs.get(key(response.callId, response.from.tag ?? ''))?.acknowledge();
            else {
              dialog = response;
              resolve({ response, flow });
            }
          },
          onTimeout: () => reject(new Error('no answer to INVITE')),
          onFailure: reject,
        });
        call.signal?.addEventListener('abort', () => transaction.cancel(), { once: true });
      });
    });
  }

  #ask(to: Endpoint, text: string): Promise<SipResponse> {
    return new Promise((resolve, reject) => {
      this.#route(to, reject, (flow) =>
        this.#layer.request(flow, text, {
          onResponse: (response) => response.status >= 200 && resolve(response),
          onTimeout: () => reject(new Error('no answer')),
          onFailure: reject,
        }),
      );
    });
  }

  #route(to: Endpoint, fail: (error: Error) => void, ready: (flow: ClientTransaction['flow']) => void): void {
    const target = { scheme: 'sip', user: null, host: to.address, port: to.port, transport: null } as const;
    this.#layer.transports.route(target, (flow) => {
      if ('kind' in flow) fail(new Error(`cannot reach ${to.address}`));
      else ready(flow);
    });
  }

  /** For the transaction layer only. */
  receive(tx: ServerTransaction, cancelled: ServerTransaction | null = null): void {
    const { request } = tx;
    if (request.method === 'CANCEL') {
      this.#onCancel(tx, cancelled);
      return;
    }
    const dialog = request.to.tag === null ? null : this.#dialogs.get(key(request.callId, request.to.tag));
    if (dialog) dialog.onRequest(tx);
    else if (request.to.tag !== null) reply(tx, 481, 'Call/Transaction Does Not Exist');
    else if (request.method === 'INVITE') this.#onInvite(tx);
    else if (request.method === 'REGISTER' && this.onRegister) {
      const answer = this.onRegister((name) => header(request, name));
      tx.respond(composeResponse(request, { ...answer, toTag: tx.localTag }));
    } else if (request.method === 'OPTIONS') reply(tx, 200, 'OK');
    else reply(tx, 405, 'Method Not Allowed');
  }

  #onInvite(tx: ServerTransaction): void {
    const { request } = tx;
    const cancelled = new AbortController();
    this.#ringing.set(tx.id, cancelled);
    const contact = `<sip:${this.#host}:${this.port}>`;
    const over = () => this.#ringing.delete(tx.id);
    this.onIncoming({
      dialled: parseUri(request.uri)?.user ?? '',
      from: request.from.value,
      body: request.body,
      headers: (name) => header(request, name),
      offer: request.body === '' ? null : readSdp(request.body),
      cancelled: cancelled.signal,
      ring: () => reply(tx, 180, 'Ringing', contact),
      answer: (sdp) => {
        over();
        const dialog = new PhoneDialog(this.#layer, tx.flow, calledDialog(tx, sdp, contact));
        this.#keep(dialog, tx.localTag);
        reply(tx, 200, 'OK', contact, sdp);
        return dialog;
      },
      refuse: (status, reason, headers = []) => {
        over();
        tx.respond(composeResponse(request, { status, reason, toTag: tx.localTag, headers }));
      },
    });
  }

  #onCancel(cancel: ServerTransaction, invite: ServerTransaction | null): void {
    const ringing = invite && this.#ringing.get(invite.id);
    if (!invite || !ringing) {
      // RFC 3261 §9.2: after a final response a CANCEL changes nothing, but is answered.
      reply(cancel, invite ? 200 : 481, invite ? 'OK' : 'Call/Transaction Does Not Exist');
      return;
    }
    this.#ringing.delete(invite.id);
    reply(cancel, 200, 'OK');
    reply(invite, 487, 'Request Terminated');
    ringing.abort();
  }

  #keep(dialog: PhoneDialog, localTag: string): void {
    const id = key(dialog.state.callId, localTag);
    this.#dialogs.set(id, dialog);
    void dialog.ended.then(() => this.#dialogs.delete(id));
  }
}

function key(callId: string, localTag: string): string {
  return `${callId} ${localTag}`;
}
