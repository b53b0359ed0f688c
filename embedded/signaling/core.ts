import type { SipUri } from '../../sip/address.ts';
import type { ClientTransaction } from '../sip/client-transaction.ts';
import { composeResponse, type HeaderList } from '../sip/compose.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import type { Timer, Timers } from '../sip/timers.ts';
import type { TransactionLayer } from '../sip/transaction-layer.ts';
import type { Flow } from '../sip/transport.ts';
import type { App, AppServer } from './apps.ts';
import { composeInDialog, type Dialog, type DialogTable, dialogFlow } from './dialog.ts';
import type { Registrations } from './registrations.ts';
import { origin } from './wire.ts';

/** A peer's request that waits for an application's answer, by transaction id. */
export type Pending = {
  readonly tx: ServerTransaction;
  readonly app: App;
  readonly dialog: Dialog | null;
  expiry: Timer | null;
  /** The reliable provisional response that waits for its PRACK (RFC 3262). */
  reliable: { readonly rseq: number; repeat: Timer } | null;
  lastRseq: number;
  /** Runs out when no application has shown life (design.md §7). */
  edge: Timer | null;
};

/** A request of an application that has no final response yet, by transaction id. */
export type Outgoing = { readonly app: App; client: ClientTransaction | null };

/** A call that the default destination has. */
export type Relay = {
  readonly invite: ServerTransaction;
  client: ClientTransaction | null;
  readonly caller: Flow;
  callee: Flow | null;
  readonly callerTag: string | null;
  ringing: Timer | null;
};

/** What the parts of the engine share. */
export type Core = {
  readonly layer: TransactionLayer;
  readonly apps: AppServer;
  readonly dialogs: DialogTable;
  readonly registrations: Registrations;
  readonly pending: Map<string, Pending>;
  readonly outgoing: Map<string, Outgoing>;
  readonly timers: Timers;
  readonly edge: EdgeOptions;
  /** Calls that the default destination has, by Call-ID. */
  readonly relays: Map<string, Relay>;
};

/** Where new calls go that no application takes (design.md §7). A destination without a user part gets the dialled one. */
export type EdgeOptions = {
  /** Null: 503. */
  readonly defaultDestination: SipUri | null;
  /** How long an application may take for its first 18x or 200, ms. */
  readonly appMs: number;
  /** Calls of registered phones to these numbers; null: like all others. */
  readonly emergency: {
    readonly numbers: ReadonlySet<string>;
    readonly destination: SipUri;
    readonly appMs: number;
  } | null;
};

/** Answers a request ourselves. */
export function answer(tx: ServerTransaction, status: number, reason: string, headers: HeaderList = []): boolean {
  const toTag = status === 100 ? null : tx.localTag;
  return tx.respond(composeResponse(tx.request, { status, reason, toTag, headers }));
}

/** Forgets a waiting request, whose fate is decided. */
export function settle(core: Core, pending: Pending): void {
  pending.expiry?.cancel();
  pending.reliable?.repeat.cancel();
  pending.edge?.cancel();
  core.pending.delete(pending.tx.id);
  pending.dialog?.waiting.delete(pending.tx.id);
  if (pending.dialog?.invited === pending.tx.id) pending.dialog.invited = null;
}

/** Removes a dialog and answers what its peer still waits for (RFC 3261 §15.1.2). */
export function removeDialog(core: Core, dialog: Dialog): void {
  core.dialogs.remove(dialog);
  for (const id of [...dialog.waiting]) {
    const pending = core.pending.get(id);
    if (!pending) continue;
    settle(core, pending);
    if (pending.tx.request.method === 'INVITE') answer(pending.tx, 487, 'Request Terminated');
    else answer(pending.tx, 500, 'Internal Server Error');
  }
}

/** Ends a dialog with a BYE of our own and tells its application by an `unsolicited` frame. */
export function endByUs(core: Core, dialog: Dialog, why: string): void {
  const reason = ['Reason', `SIP;cause=200;text="${why}"`] as const;
  const { text } = composeInDialog(dialog, { method: 'BYE', uri: 'sip:placeholder', headers: [reason], body: '' });
  removeDialog(core, dialog);
  dialogFlow(dialog, dialog.target, core.layer.transports, (flow) => {
    if ('kind' in flow) return;
    const { request } = core.layer.request(flow, text, unheard);
    dialog.app.send(
      `sip|${origin('application', request.text.length, flow, 'local')}|unsolicited|${dialog.id}|\r\n${request.text}`,
    );
  });
}

/** For requests of our own whose answer changes nothing. */
export const unheard = { onResponse() {}, onTimeout() {}, onFailure() {} };

/** The frame for a peer's request or response. */
export function passUp(app: App, bytes: number, flow: Flow, ids: string, text: string): void {
  app.send(`sip|${origin('network', bytes, flow, 'remote')}|${ids}|\r\n${text}`);
}

/** The echo of a request that went out. */
export function echoRequest(
  app: App,
  frameId: string,
  flow: Flow,
  txnId: string,
  text: string,
  bytes = text.length,
): void {
  // A connection that we opened shows its far end, as the real server has it.
  const end = flow.protocol === 'udp' ? 'local' : 'remote';
  app.reply(frameId, `OK|${origin('application', bytes, flow, end)}|${txnId}|Msg sent:|\r\n${text}`);
}
