import type { ClientTransaction } from '../sip/client-transaction.ts';
import { composeRequest, type HeaderList } from '../sip/compose.ts';
import { parseNameAddr, type SipMessage, splitList } from '../sip/message.ts';
import type { Timer } from '../sip/timers.ts';
import { type Flow, isReliable } from '../sip/transport.ts';
import type { NoRoute, Transports } from '../sip/transports.ts';
import { parseUri } from '../sip/uri.ts';
import type { App } from './apps.ts';

/** One dialog (RFC 3261 §12) that an application has through us. */
export type Dialog = {
  readonly id: string;
  readonly role: 'uas' | 'uac';
  /** Method that opened it. */
  readonly method: 'INVITE' | 'SUBSCRIBE';
  readonly app: App;
  /** Transaction id of the opening request, which the first ACK carries too. */
  readonly openedBy: string;
  readonly callId: string;
  readonly localTag: string;
  /** Null for a SUBSCRIBE of ours that is not answered yet. */
  remoteTag: string | null;
  /** From and To of our requests, tags included. */
  readonly local: string;
  remote: string;
  localCseq: number;
  remoteCseq: number | null;
  routeSet: readonly string[];
  /** Contact URI of the peer. */
  target: string;
  /** Where the peer's packets come from. */
  flow: Flow;
  /** Our Contact. */
  contact: string;
  /** A final 2xx has made it. Before that only PRACK, UPDATE and the like pass (RFC 3262). */
  confirmed: boolean;
  /** CSeq of our INVITE whose 2xx the application has still to acknowledge. */
  ackDue: number | null;
  /** The ACK that answered a 2xx, to be sent again when the 2xx comes again. */
  ackSent: { readonly cseq: number; readonly text: string; readonly flow: Flow } | null;
  /** Transaction ids of the peer's requests that wait for an answer. */
  readonly waiting: Set<string>;
  /** INVITEs on their way: ours, and the peer's (its transaction id). */
  inviting: ClientTransaction | null;
  invited: string | null;
  /** The application cancelled, yet the call was answered: it ends with the ACK. */
  doomed: boolean;
  /** Last SDP that we sent, for a refresh by us (RFC 4028). */
  localSdp: string;
  session: Timer | null;
  /** A subscription's end, ms of the engine's clock. */
  expiresAt: number | null;
};

/** `<Call-ID>;from-tag=<From tag of the opening request>`: the id on the wire to the application, the same for all forks. */
export function dialogId(callId: string, fromTag: string | null): string {
  return `${callId};from-tag=${fromTag ?? ''}`;
}

export class DialogTable {
  readonly #dialogs = new Map<string, Dialog>();

  get size(): number {
    return this.#dialogs.size;
  }
  get(id: string): Dialog | null {
    return this.#dialogs.get(id) ?? null;
  }
  add(dialog: Dialog) {
    this.#dialogs.set(dialog.id, dialog);
  }
  remove(dialog: Dialog) {
    dialog.session?.cancel();
    dialog.session = null;
    if (this.#dialogs.get(dialog.id) === dialog) this.#dialogs.delete(dialog.id);
  }
  [Symbol.iterator]() {
    return this.#dialogs.values();
  }

  /** The dialog that a peer's request belongs to (RFC 3261 §12.2.2): Call-ID and both tags must match. */
  match(request: SipMessage): Dialog | null {
    const asUas = this.#dialogs.get(dialogId(request.callId, request.from.tag));
    if (asUas?.role === 'uas' && asUas.localTag === request.to.tag) return asUas;
    const asUac = this.#dialogs.get(dialogId(request.callId, request.to.tag));
    if (asUac?.role !== 'uac' || asUac.localTag !== request.to.tag) return null;
    // A NOTIFY may overtake the 2xx to its SUBSCRIBE and then names the peer's tag first (RFC 6665 §4.4.1).
    if (asUac.remoteTag === null && request.from.tag !== null) {
      asUac.remoteTag = request.from.tag;
      asUac.remote = request.from.value;
    }
    return asUac.remoteTag === request.from.tag ? asUac : null;
  }
}

/** Record-Route of a message as Route set: in order for a UAS, reversed for a UAC (RFC 3261 §12.1). */
export function routeSet(message: SipMessage, role: 'uas' | 'uac'): readonly string[] {
  const routes = splitList(message.headers['record-route'] ?? '');
  return role === 'uas' ? routes : routes.reverse();
}

/** URI of the first Contact, or null. */
export function contactUri(message: SipMessage): string | null {
  const first = splitList(message.headers.contact ?? '')[0];
  return first === undefined ? null : (parseNameAddr(first)?.uri ?? null);
}

/** Takes up the peer's new Contact (target refresh) and the flow that it came over. */
export function refreshTarget(dialog: Dialog, message: SipMessage, flow: Flow) {
  const uri = contactUri(message);
  if (uri !== null) dialog.target = uri;
  dialog.flow = flow;
}

/** Request-URI and Route headers by RFC 3261 §12.2.1.1, a strict router as first hop included. */
function routing(dialog: Dialog, uri: string): { uri: string; routes: readonly string[]; hop: string } {
  const [first, ...rest] = dialog.routeSet;
  const firstUri = first === undefined ? null : parseNameAddr(first)?.uri;
  if (first === undefined || !firstUri) return { uri, routes: [], hop: uri };
  if (/;lr(?:[;=?]|$)/i.test(firstUri)) return { uri, routes: dialog.routeSet, hop: firstUri };
  return { uri: firstUri, routes: [...rest, `<${uri}>`], hop: firstUri };
}

/**
 * Finds the way to the peer. Without a Route set that is the source of its packets when a connection stands or its
 * Contact names another address than it has (NAT); else the Contact, or the first route.
 */
export function dialogFlow(dialog: Dialog, uri: string, transports: Transports, ready: (flow: Flow | NoRoute) => void) {
  const { hop } = routing(dialog, uri);
  const target = parseUri(hop);
  const { flow } = dialog;
  if (dialog.routeSet.length === 0) {
    const { address, port } = flow.remote;
    const elsewhere =
      target === null || target.host !== address || (dialog.role === 'uas' && (target.port ?? 5060) !== port);
    if (isReliable(flow.protocol) ? flow.open : elsewhere) return ready(flow);
  }
  if (target === null) return ready({ kind: 'unresolved' });
  transports.route(target, ready);
}

export type DialogRequest = {
  readonly method: string;
  /** `placeholder` anywhere in it stands for the peer's Contact. */
  readonly uri: string;
  /** Given only for an ACK: the CSeq of its INVITE. Any other request takes the next. */
  readonly cseq?: number;
  readonly headers: HeaderList;
  readonly trailing?: HeaderList;
  readonly body: string;
};

/** A request inside the dialog, without Via. Counts CSeq up. */
export function composeInDialog(dialog: Dialog, request: DialogRequest): { text: string; cseq: number } {
  const { method } = request;
  const wanted = meansTarget(method, request.uri) ? dialog.target : request.uri;
  const { uri, routes } = routing(dialog, wanted);
  const cseq = request.cseq ?? ++dialog.localCseq;
  const given = (name: string) => request.headers.some(([one]) => one === name);
  const text = composeRequest(
    method,
    uri,
    [
      ...routes.map((route) => ['Route', route] as const),
      ...(given('Max-Forwards') ? [] : [['Max-Forwards', '70'] as const]),
      ['From', dialog.local],
      ['To', dialog.remote],
      ['Call-ID', dialog.callId],
      ['CSeq', `${cseq} ${method}`],
      ...(carriesContact.has(method) && !given('Contact') ? [['Contact', dialog.contact] as const] : []),
      ...request.headers,
    ],
    request.body,
    request.trailing,
  );
  return { text, cseq };
}

/** drachtio-srf writes a URI of its own into ACK and PRACK, and `sip:placeholder` elsewhere; all mean the peer's Contact. */
export function meansTarget(method: string, uri: string): boolean {
  return method === 'ACK' || method === 'PRACK' || uri.includes('placeholder');
}

/** Target refresh requests, and REFER as the real server has it. */
const carriesContact = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'UPDATE']);
