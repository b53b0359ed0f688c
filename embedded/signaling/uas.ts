import { randomInt, randomUUID } from 'node:crypto';
import { parseNameAddr, type SipRequest, splitList } from '../sip/message.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import type { Flow } from '../sip/transport.ts';
import type { App } from './apps.ts';
import { answer, type Core, endByUs, type Pending, passUp, removeDialog, settle } from './core.ts';
import { contactUri, type Dialog, dialogId, refreshTarget } from './dialog.ts';
import { cancelRelayed, fallBack, fallbackFor, relayAck, relayInDialog } from './edge.ts';
import { minSessionSeconds, sessionOf } from './session-timer.ts';

/* Requests of the network: answered here, or given to the application whose turn or dialog it is. */

/** What can be routed to an application outside a dialog. */
const routable = new Set(['INVITE', 'REGISTER', 'MESSAGE', 'OPTIONS', 'INFO', 'NOTIFY', 'SUBSCRIBE', 'PUBLISH']);
const inDialogOnly = new Set(['BYE', 'UPDATE', 'PRACK', 'REFER']);
const allow =
  'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, SUBSCRIBE, MESSAGE, REGISTER, PUBLISH';
/** An application that says nothing for so long has forgotten the request. */
const appMs = 64_000;
const byeMs = 32_000;

export function onRequest(core: Core, tx: ServerTransaction) {
  const { request } = tx;
  const { method } = request;
  if (!contactsReadable(request)) return void answer(tx, 400, 'Bad Contact Header');
  if (method === 'INVITE') answer(tx, 100, 'Trying');
  if (!/^(?:sips?|tel):/i.test(request.uri)) return void answer(tx, 416, 'Unsupported URI Scheme');
  const dialog = core.dialogs.match(request);
  if (dialog) return inDialog(core, tx, dialog);
  if (relayInDialog(core, tx)) return;
  if (request.to.tag !== null || inDialogOnly.has(method)) {
    return void answer(tx, 481, 'Call/Transaction Does Not Exist');
  }
  // The real server drops what it does not know, and the peer asks again for half a minute.
  if (!routable.has(method)) return void answer(tx, 501, 'Not Implemented', [['Allow', allow]]);
  const existing = core.dialogs.get(dialogId(request.callId, request.from.tag));
  if (method === 'INVITE' && existing && existing.method === 'INVITE' && !existing.confirmed) {
    return void answer(tx, 482, 'Loop Detected'); // RFC 3261 §8.2.2.2: the same call by another path
  }
  const app = core.apps.next(method);
  if (!app) return fallBack(core, tx);
  const pending = wait(core, tx, app, null, appMs);
  const fallback = method === 'INVITE' ? fallbackFor(core, tx) : null;
  if (fallback) pending.edge = core.timers.after(fallback.ms, () => fallBack(core, tx));
  const { address, port } = tx.flow.local;
  passUp(app, tx.sizeBytes, tx.flow, `${tx.id}||${address}|${port}`, request.text);
}

/**
 * What an application leaves unanswered nobody else can answer: its callers go where they would have gone without it
 * (the real server lets them ring for ever), the phones it rings are let off. Established calls talk on.
 */
export function onAppGone(core: Core, app: App) {
  for (const pending of [...core.pending.values()]) {
    const { tx } = pending;
    if (pending.app === app && pending.dialog === null && tx.request.method === 'INVITE') fallBack(core, tx);
  }
  for (const out of core.outgoing.values()) if (out.app === app) out.client?.cancel();
}

function wait(core: Core, tx: ServerTransaction, app: Pending['app'], dialog: Dialog | null, ms: number): Pending {
  const pending: Pending = { tx, app, dialog, expiry: null, reliable: null, lastRseq: 0, edge: null };
  pending.expiry = core.timers.after(ms, () => {
    settle(core, pending);
    // RFC 4320 §4.2: a late 408 helps a caller, but nobody else.
    if (tx.request.method === 'INVITE') answer(tx, 408, 'Request Timeout');
    else tx.abandon();
  });
  core.pending.set(tx.id, pending);
  dialog?.waiting.add(tx.id);
  return pending;
}

function contactsReadable(request: SipRequest): boolean {
  const value = request.headers.contact;
  if (value === undefined) return true;
  // RFC 3261 §20.10: `*` removes registrations and means nothing elsewhere.
  if (value === '*') return request.method === 'REGISTER';
  return splitList(value).every((contact) => parseNameAddr(contact) !== null);
}

function inDialog(core: Core, tx: ServerTransaction, dialog: Dialog) {
  const { request, flow } = tx;
  const { method } = request;
  if (!dialog.app.connected) {
    if (method === 'BYE') {
      removeDialog(core, dialog);
      // Whoever took the owner's place may know who else is in the call.
      const heir = core.apps.next('BYE');
      if (heir) {
        wait(core, tx, heir, null, byeMs);
        return passUp(heir, tx.sizeBytes, flow, `${tx.id}|${dialog.id}`, request.text);
      }
    }
    // Nobody can take its place: the caller is told at once.
    return void answer(tx, 481, 'Call/Transaction Does Not Exist');
  }
  const refused = refuseInDialog(request, dialog);
  if (refused) return void answer(tx, ...refused);
  dialog.remoteCseq = request.cseq.number;
  if (method === 'INVITE' || method === 'UPDATE' || method === 'SUBSCRIBE' || method === 'NOTIFY') {
    refreshTarget(dialog, request, flow);
  }
  if (method === 'INVITE') dialog.invited = tx.id;
  if (method === 'PRACK') acknowledgeReliable(core, dialog, request);
  if (method === 'BYE' || (method === 'NOTIFY' && dialog.method === 'SUBSCRIBE' && terminates(request))) {
    removeDialog(core, dialog);
  }
  wait(core, tx, dialog.app, dialog, method === 'BYE' ? byeMs : appMs);
  passUp(dialog.app, tx.sizeBytes, flow, `${tx.id}|${dialog.id}`, request.text);
}

type Refusal = [status: number, reason: string, headers?: [string, string][]];

function refuseInDialog(request: SipRequest, dialog: Dialog): Refusal | null {
  const { method } = request;
  // RFC 3261 §12.2.2: an old request that comes late.
  if (dialog.remoteCseq !== null && request.cseq.number < dialog.remoteCseq) return [500, 'Internal Server Error'];
  if (method !== 'INVITE' && method !== 'UPDATE') return null;
  const session = sessionOf(request.headers['session-expires']);
  if (session && session.seconds < minSessionSeconds) {
    return [422, 'Session Interval Too Small', [['Min-SE', String(minSessionSeconds)]]];
  }
  if (method !== 'INVITE') return null;
  if (dialog.inviting) return [491, 'Request Pending']; // RFC 3261 §14.2: glare
  if (dialog.invited !== null) return [500, 'Internal Server Error', [['Retry-After', String(randomInt(0, 11))]]];
  return null;
}

export function terminates(request: { readonly headers: Readonly<Record<string, string>> }): boolean {
  return /^\s*terminated/i.test(request.headers['subscription-state'] ?? '');
}

/** RFC 3262 §3: the PRACK names the response it acknowledges. */
function acknowledgeReliable(core: Core, dialog: Dialog, prack: SipRequest) {
  const pending = core.pending.get(dialog.openedBy);
  const [rseq] = (prack.headers.rack ?? '').trim().split(/\s+/);
  if (!pending?.reliable || pending.reliable.rseq !== Number(rseq)) return;
  pending.reliable.repeat.cancel();
  pending.reliable = null;
}

export function onCancel(core: Core, cancel: ServerTransaction, invite: ServerTransaction | null) {
  if (!invite) return void answer(cancel, 481, 'Call/Transaction Does Not Exist');
  if (cancelRelayed(core, cancel, invite)) return;
  const { request } = invite;
  const dialog = core.dialogs.get(dialogId(request.callId, request.from.tag));
  if (invite.awaitsAck && dialog?.role === 'uas' && dialog.openedBy === invite.id) {
    answer(cancel, 481, 'Call/Transaction Does Not Exist');
    invite.acknowledge();
    return endByUs(core, dialog, 'CANCEL after 200 OK');
  }
  cancel.localTag = invite.localTag;
  answer(cancel, 200, 'OK');
  if (invite.finalStatus !== null) return; // RFC 3261 §9.2: it changes nothing any more
  const rang = invite.rang;
  answer(invite, 487, 'Request Terminated');
  const pending = core.pending.get(invite.id);
  if (!pending) return;
  settle(core, pending);
  if (dialog?.openedBy === invite.id && !dialog.confirmed) core.dialogs.remove(dialog);
  const id = rang ? (pending.dialog?.id ?? dialogId(request.callId, request.from.tag)) : '';
  passUp(pending.app, cancel.sizeBytes, cancel.flow, `${invite.id}|${id}`, cancel.request.text);
}

export function onAck(core: Core, ack: SipRequest, flow: Flow, invite: ServerTransaction | null) {
  const dialog = core.dialogs.match(ack);
  if (!dialog && relayAck(core, ack)) return;
  // Without its INVITE it is an ACK again, to a 2xx that was repeated.
  if (!dialog || !invite) return;
  const txnId = invite.id === dialog.openedBy ? invite.id : randomUUID();
  passUp(dialog.app, ack.text.length, flow, `${txnId}|${dialog.id}`, ack.text);
}

export function onAckTimeout(core: Core, invite: ServerTransaction) {
  const dialog = core.dialogs.match(withOurTag(invite));
  if (dialog) endByUs(core, dialog, 'ACK timeout');
}

function withOurTag(invite: ServerTransaction): SipRequest {
  const { request, localTag } = invite;
  return { ...request, to: { ...request.to, tag: localTag } };
}

/** The dialog that an accepted INVITE or SUBSCRIBE opens, as UAS (RFC 3261 §12.1.1). */
export function openUasDialog(core: Core, pending: Pending, contact: string, routes: readonly string[]): Dialog {
  const { tx, app } = pending;
  const { request } = tx;
  const { from, to } = request;
  const dialog: Dialog = {
    id: dialogId(request.callId, from.tag),
    role: 'uas',
    method: request.method === 'INVITE' ? 'INVITE' : 'SUBSCRIBE',
    app,
    openedBy: tx.id,
    callId: request.callId,
    localTag: tx.localTag,
    remoteTag: from.tag,
    local: `${to.value};tag=${tx.localTag}`,
    remote: from.value,
    // Our first request is the caller's CSeq + 1, as the real server counts.
    localCseq: request.cseq.number,
    remoteCseq: request.cseq.number,
    routeSet: routes,
    target: contactUri(request) ?? from.uri,
    flow: tx.flow,
    contact,
    confirmed: false,
    ackDue: null,
    ackSent: null,
    waiting: new Set(),
    inviting: null,
    invited: null,
    doomed: false,
    localSdp: '',
    session: null,
    expiresAt: null,
  };
  core.dialogs.add(dialog);
  return dialog;
}
