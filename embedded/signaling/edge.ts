import { composeRequest, insertVia } from '../sip/compose.ts';
import { parseNameAddr, type SipRequest, type SipResponse, splitList } from '../sip/message.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import type { Flow } from '../sip/transport.ts';
import type { NoRoute } from '../sip/transports.ts';
import { parseUri, uriHost } from '../sip/uri.ts';
import { answer, type Core, passUp, type Relay, settle } from './core.ts';

/*
 * The edge's last duty (design.md §7): a new call that no application takes goes to the default destination, through a
 * small stateful proxy (RFC 3261 §16) with Record-Route. Only messages of such calls are ever relayed.
 */

/** RFC 3261 §16.6 step 11. */
const timerCMs = 180_000;
/** A relayed call whose BYE we never saw is forgotten after this. */
const relayMs = 4 * 3600_000;

/** Where a new call goes when no application takes it, and how long one may take; null: nowhere. */
export function fallbackFor(core: Core, tx: ServerTransaction): { readonly to: string; readonly ms: number } | null {
  const { emergency, defaultDestination, appMs } = core.edge;
  const user = parseUri(tx.request.uri)?.user ?? '';
  // Registered phones only: the emergency trunk is no relay for whoever finds the port.
  if (emergency?.numbers.has(user) && core.registrations.knows(tx.flow)) {
    return { to: withUser(emergency.destination, user), ms: emergency.appMs };
  }
  return defaultDestination === null ? null : { to: withUser(defaultDestination, user), ms: appMs };
}

function withUser(uri: string, user: string): string {
  return uri.includes('@') || user === '' ? uri : uri.replace(/^(sips?:)/i, `$1${user}@`);
}

/** Sends a new call where it falls back to, or refuses it. An application that had it hears CANCEL. */
export function fallBack(core: Core, tx: ServerTransaction) {
  const pending = core.pending.get(tx.id);
  if (pending) {
    settle(core, pending);
    passUp(pending.app, 0, tx.flow, `${tx.id}|`, cancelOf(tx.request));
  }
  const destination = tx.request.method === 'INVITE' ? (fallbackFor(core, tx)?.to ?? null) : null;
  const target = destination === null ? null : parseUri(destination);
  const { request } = tx;
  const hops = Number(request.headers['max-forwards'] ?? 70);
  if (destination === null || target === null) return void refuse(tx);
  if (hops === 0) return void answer(tx, 483, 'Too Many Hops');
  if (core.relays.has(request.callId)) return void answer(tx, 482, 'Loop Detected');
  const relay: Relay = {
    invite: tx,
    client: null,
    caller: tx.flow,
    callee: null,
    callerTag: request.from.tag,
    ringing: null,
  };
  core.relays.set(request.callId, relay);
  const start = (flow: Flow | NoRoute) => {
    if ('kind' in flow) return end(core, relay, () => refuse(tx));
    relay.callee = flow;
    const { address, port } = flow.local;
    const recordRoute = `Record-Route: <sip:${uriHost(address)}:${port};lr>\r\n`;
    const text = relayed(core, request, `INVITE ${destination} SIP/2.0`, recordRoute);
    relay.ringing = core.timers.after(timerCMs, () => relay.client?.cancel());
    relay.client = core.layer.request(flow, text, {
      onResponse: (response, from) => onInviteResponse(core, relay, response, from),
      onTimeout: () => end(core, relay, () => void answer(tx, 408, 'Request Timeout')),
      onFailure: () => end(core, relay, () => refuse(tx)),
    });
  };
  const registered = core.registrations.find(destination);
  if (registered) start(registered);
  else core.layer.transports.route(target, start);
}

function refuse(tx: ServerTransaction) {
  answer(tx, 503, 'Service Unavailable', [['Retry-After', '5']]);
}

function onInviteResponse(core: Core, relay: Relay, response: SipResponse, from: Flow) {
  const { status } = response;
  if (status === 100) return;
  const { invite } = relay;
  if (response.to.tag !== null) invite.localTag = response.to.tag;
  if (status >= 300) return end(core, relay, () => invite.respond(withoutTopVia(response)));
  if (status >= 200) {
    relay.callee = from;
    relay.ringing?.cancel();
    // Should neither side ever say BYE.
    relay.ringing = core.timers.after(relayMs, () => core.relays.delete(invite.request.callId));
  }
  invite.respond(withoutTopVia(response));
}

function end(core: Core, relay: Relay, last: () => void) {
  relay.ringing?.cancel();
  const { callId } = relay.invite.request;
  if (core.relays.get(callId) === relay) core.relays.delete(callId);
  last();
}

/** True when the CANCEL was of a relayed call. Its answer is the 487 that comes back. */
export function cancelRelayed(core: Core, cancel: ServerTransaction, invite: ServerTransaction): boolean {
  const relay = core.relays.get(invite.request.callId);
  if (relay?.invite !== invite) return false;
  cancel.localTag = invite.localTag;
  answer(cancel, 200, 'OK');
  relay.client?.cancel();
  return true;
}

/** Passes a request of a relayed call on to its other side; false when it is none. */
export function relayInDialog(core: Core, tx: ServerTransaction): boolean {
  const { request } = tx;
  const other = otherSide(core, request);
  if (!other) return false;
  const text = relayed(core, request, `${request.method} ${request.uri} SIP/2.0`);
  core.layer.request(other.flow, text, {
    onResponse(response) {
      if (response.status !== 100) tx.respond(withoutTopVia(response));
      if (request.method === 'BYE' && response.status >= 200) end(core, other.relay, () => {});
    },
    onTimeout: () => void answer(tx, 408, 'Request Timeout'),
    onFailure: () => void answer(tx, 503, 'Service Unavailable'),
  });
  return true;
}

/** Passes the ACK of a relayed call on; false when it is none. */
export function relayAck(core: Core, ack: SipRequest): boolean {
  const other = otherSide(core, ack);
  if (other) core.layer.sendStateless(other.flow, relayed(core, ack, `ACK ${ack.uri} SIP/2.0`));
  return other !== null;
}

function otherSide(core: Core, request: SipRequest): { readonly relay: Relay; readonly flow: Flow } | null {
  const relay = core.relays.get(request.callId);
  if (!relay?.callee || request.to.tag === null) return null;
  const { callerTag, invite } = relay;
  if (request.from.tag === callerTag && request.to.tag === invite.localTag) return { relay, flow: relay.callee };
  if (request.to.tag === callerTag && request.from.tag === invite.localTag) return { relay, flow: relay.caller };
  return null;
}

/** The request as it goes on: new start line, one hop fewer, without the Route that names us (RFC 3261 §16.4, §16.6). */
function relayed(core: Core, request: SipRequest, startLine: string, added = ''): string {
  const headEnd = request.text.indexOf('\r\n\r\n');
  const lines = request.text
    .slice(0, headEnd)
    .split(/\r\n(?![ \t])/)
    .slice(1);
  const kept = lines.filter((line) => !/^(?:route|max-forwards)[ \t]*:/i.test(line));
  const routes = splitList(request.headers.route ?? '').filter((route) => {
    const target = parseUri(parseNameAddr(route)?.uri ?? '');
    return target === null || !core.layer.transports.isOwn(target.host, target.port);
  });
  const hops = Number(request.headers['max-forwards'] ?? 71) - 1;
  const head = [startLine, ...routes.map((route) => `Route: ${route}`), `Max-Forwards: ${Math.max(hops, 0)}`, ...kept];
  return `${head.join('\r\n')}\r\n${added}${request.text.slice(headEnd + 2)}`;
}

/** A response for the hop before us. */
function withoutTopVia(response: SipResponse): string {
  const headEnd = response.text.indexOf('\r\n\r\n');
  const [start, ...lines] = response.text.slice(0, headEnd).split(/\r\n(?![ \t])/);
  const kept = lines.filter((line) => !/^(?:via|v)[ \t]*:/i.test(line));
  const vias = response.vias.slice(1).map((via) => `Via: ${via}`);
  return `${[start, ...vias, ...kept].join('\r\n')}${response.text.slice(headEnd)}`;
}

/** What the caller would have sent: the only way to tell an application that a call is no longer its own. */
function cancelOf(request: SipRequest): string {
  const text = composeRequest('CANCEL', request.uri, [
    ['From', request.from.value],
    ['To', request.to.value],
    ['Call-ID', request.callId],
    ['CSeq', `${request.cseq.number} CANCEL`],
  ]);
  return insertVia(text, request.vias[0] as string);
}
