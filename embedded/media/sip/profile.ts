/*
 * The SIP profile: a UAS for `sip:drachtio@…` (spec section 3). It answers at once, keeps the dialogs, and sends BYE.
 * What a call is made of is the business of the `Call` behind it.
 */
import { composeResponse, type HeaderList } from '../../sip/compose.ts';
import type { SipRequest } from '../../sip/message.ts';
import type { ServerTransaction } from '../../sip/server-transaction.ts';
import { nodeTimers } from '../../sip/timers.ts';
import { openTransactionLayer, type TransactionLayer, type TransactionUser } from '../../sip/transaction-layer.ts';
import type { Flow } from '../../sip/transport.ts';
import { parseUri, uriHost } from '../../sip/uri.ts';
import { UasDialog } from './dialog.ts';

/** A final response above 299. */
export type Refusal = {
  readonly kind: 'refusal';
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
};

/** The media side of one dialog. */
export interface Call {
  /** Our SDP for the 200. */
  readonly sdp: string;
  /** The ACK to the first 200 has come, with an answer if the INVITE had no offer. */
  onAck(sdp: string): void;
  /** Answers a new offer, or makes one when `offer` is empty. */
  onOffer(offer: string): string | Refusal;
  /** The dialog is over for the peer: BYE, CANCEL, or no ACK. */
  onEnd(cause: string): void;
}

/** How a call ends its dialog. */
export type Leg = {
  readonly localTag: string;
  bye(reason: string): void;
};

export type ProfileHost = {
  newCall(invite: SipRequest, flow: Flow, leg: Leg): Promise<Call | Refusal>;
  /** One call's fault; the others go on. */
  onError(error: unknown): void;
};

type Entry = { readonly dialog: UasDialog; readonly call: Call; acknowledged: boolean };

const allow = 'INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, NOTIFY';
const agent: HeaderList = [['User-Agent', 'Chartline embedded media']];
const common: HeaderList = [...agent, ['Allow', allow], ['Supported', 'path, replaces']];

export class SipProfile implements TransactionUser {
  readonly #host: ProfileHost;
  readonly #timers = nodeTimers((error) => this.#host.onError(error));
  readonly #dialogs = new Map<string, Entry>();
  #layer: TransactionLayer | null = null;
  #address = '';

  constructor(host: ProfileHost) {
    this.#host = host;
  }

  /** Resolves with the port that was bound on UDP and TCP; `address` is what Contact tells. */
  async listen(host: string, port: number, address: string): Promise<number> {
    this.#address = address;
    this.#layer = await openTransactionLayer({
      host,
      port,
      timers: this.#timers,
      tu: this,
      onError: (error) => this.#host.onError(error),
    });
    return this.port;
  }

  get port(): number {
    return this.#layer?.transports.port ?? 0;
  }

  async stop(): Promise<void> {
    this.#timers.stop();
    await this.#layer?.transports.close();
  }

  onRequest(tx: ServerTransaction): void {
    const { request } = tx;
    if (request.to.tag !== null) {
      this.#inDialog(tx);
      return;
    }
    switch (request.method) {
      case 'INVITE':
        return void this.#invite(tx);
      case 'OPTIONS':
        answer(tx, 200, 'OK', [['Accept', 'application/sdp'], ...common]);
        return;
      case 'BYE':
      case 'UPDATE':
      case 'INFO':
        answer(tx, 481, 'Call/Transaction Does Not Exist', common);
        return;
      default:
        answer(tx, 405, 'Method Not Allowed', common);
        return;
    }
  }

  onCancel(cancel: ServerTransaction, invite: ServerTransaction | null): void {
    if (invite === null) {
      answer(cancel, 481, 'Call/Transaction Does Not Exist', agent);
      return;
    }
    answer(cancel, 200, 'OK', agent);
    // RFC 3261 §9.2: a CANCEL after the final response changes nothing; respond() sees to that.
    answer(invite, 487, 'Request Terminated', agent);
  }

  onAck(ack: SipRequest): void {
    const entry = this.#dialogs.get(UasDialog.keyOf(ack));
    if (entry === undefined || (entry.acknowledged && ack.body === '')) return;
    entry.acknowledged = true;
    entry.call.onAck(ack.body);
  }

  /** RFC 3261 §13.3.1.4: no ACK within 64*T1 ends the dialog with a BYE. */
  onAckTimeout(invite: ServerTransaction): void {
    const key = `${invite.request.callId} ${invite.localTag} ${invite.request.from.tag ?? ''}`;
    const entry = this.#dialogs.get(key);
    if (entry === undefined) return;
    this.#bye(entry.dialog, 'SIP;cause=408;text="ACK Timeout"');
    entry.call.onEnd('RECOVERY_ON_TIMER_EXPIRE');
  }

  async #invite(tx: ServerTransaction): Promise<void> {
    const { request, flow } = tx;
    tx.respond(composeResponse(request, { status: 100, reason: 'Trying', toTag: null, headers: agent }));
    if (parseUri(request.uri)?.user !== 'drachtio') return answer(tx, 404, 'Not Found', agent);
    const dialog = new UasDialog(request, tx.localTag, flow);
    const call = await this.#host.newCall(request, flow, {
      localTag: tx.localTag,
      bye: (reason) => this.#bye(dialog, reason),
    });
    if ('kind' in call) return answer(tx, call.status, call.reason, [...agent, ...call.headers]);
    const entry: Entry = { dialog, call, acknowledged: false };
    this.#dialogs.set(dialog.key, entry);
    if (!this.#respondSdp(tx, call.sdp)) {
      // Cancelled meanwhile.
      this.#dialogs.delete(dialog.key);
      call.onEnd('ORIGINATOR_CANCEL');
    }
  }

  #inDialog(tx: ServerTransaction): void {
    const { request, flow } = tx;
    const entry = this.#dialogs.get(UasDialog.keyOf(request));
    if (entry === undefined) {
      answer(tx, 481, 'Call/Transaction Does Not Exist', common);
      return;
    }
    if (!entry.dialog.accept(request, flow)) {
      answer(tx, 500, 'Server Internal Error', common);
      return;
    }
    switch (request.method) {
      case 'INVITE':
      case 'UPDATE':
        this.#offer(tx, entry);
        return;
      case 'BYE':
        this.#dialogs.delete(entry.dialog.key);
        answer(tx, 200, 'OK', common);
        {
          entry.call.onEnd('NORMAL_CLEARING');
          return;
        }
      case 'INFO':
      case 'MESSAGE':
      case 'NOTIFY':
      case 'OPTIONS':
        answer(tx, 200, 'OK', common);
        return;
      default:
        answer(tx, 405, 'Method Not Allowed', common);
        return;
    }
  }

  #offer(tx: ServerTransaction, entry: Entry): void {
    if (tx.request.method === 'UPDATE' && tx.request.body === '') {
      answer(tx, 200, 'OK', common);
      return;
    }
    const result = entry.call.onOffer(tx.request.body);
    if (typeof result !== 'string') {
      answer(tx, result.status, result.reason, [...agent, ...result.headers]);
      return;
    }
    this.#respondSdp(tx, result);
  }

  #respondSdp(tx: ServerTransaction, sdp: string): boolean {
    const { protocol } = tx.flow;
    const headers: HeaderList = [
      ['Contact', `<sip:drachtio@${uriHost(this.#address)}:${this.port};transport=${protocol}>`],
      ...agent,
      ['Accept', 'application/sdp'],
      ['Allow', allow],
      ['Supported', 'path, replaces'],
      ['Content-Type', 'application/sdp'],
      ['Content-Disposition', 'session'],
    ];
    return tx.respond(
      composeResponse(tx.request, { status: 200, reason: 'OK', toTag: tx.localTag, headers, body: sdp }),
    );
  }

  #bye(dialog: UasDialog, reason: string): void {
    this.#dialogs.delete(dialog.key);
    const layer = this.#layer;
    if (layer === null) return;
    const { text, uri } = dialog.request('BYE', [...common, ['Reason', reason]]);
    const nothing = () => {};
    const send = (flow: Flow) =>
      layer.request(flow, text, { onResponse: nothing, onTimeout: nothing, onFailure: nothing });
    if (dialog.flow.protocol !== 'udp' && dialog.flow.open) return void send(dialog.flow);
    const target = parseUri(uri);
    if (target === null) return void send(dialog.flow);
    layer.transports.route(target, (flow) => send('kind' in flow ? dialog.flow : flow));
  }
}

function answer(tx: ServerTransaction, status: number, reason: string, headers: HeaderList): void {
  tx.respond(composeResponse(tx.request, { status, reason, toTag: tx.localTag, headers }));
}
