import { randomInt, randomUUID } from 'node:crypto';
import { composeRequest, composeResponse, token } from '../sip/compose.ts';
import { parseNameAddr, type SipRequest, type SipResponse } from '../sip/message.ts';
import type { Flow } from '../sip/transport.ts';
import type { NoRoute } from '../sip/transports.ts';
import { parseUri } from '../sip/uri.ts';
import {
  type AppMessage,
  fillLocalhost,
  headerOf,
  lacksContentType,
  ownContact,
  placeHeaders,
  readAppMessage,
  withTag,
} from './app-message.ts';
import type { App, SipFrame } from './apps.ts';
import { type Core, echoRequest, type Outgoing, passUp, removeDialog, unheard } from './core.ts';
import { composeInDialog, contactUri, type Dialog, dialogFlow, dialogId, refreshTarget, routeSet } from './dialog.ts';
import { armSession } from './session-timer.ts';
import { fabricated } from './wire.ts';

/* Requests of the application outside a dialog, and its CANCEL. */

export const methods = new Set(
  'INVITE ACK BYE CANCEL REGISTER OPTIONS INFO PRACK UPDATE SUBSCRIBE NOTIFY REFER MESSAGE PUBLISH'.split(' '),
);
/** Written by us, or never the application's to give. */
const placedByUs = new Set(
  'Via Route Record-Route RSeq Content-Length Max-Forwards From To Call-ID CSeq Contact'.split(' '),
);

/** Sends a request outside any dialog and echoes it. */
export function requestOutOfDialog(core: Core, app: App, frame: SipFrame) {
  const nok = (why: string) => app.reply(frame.id, `NOK|${why}`);
  const message = readAppMessage(frame.text);
  const [, method = '', uri = ''] = /^([A-Z]+) (\S+) SIP\/2\.0$/.exec(message?.startLine ?? '') ?? [];
  const target = parseUri(frame.routeUrl || uri);
  if (!message || !methods.has(method) || !target) return nok(`invalid request-uri: ${message?.startLine ?? ''}`);
  if (lacksContentType(message)) return nok('missing content-type');
  const given = headerOf(message, 'From');
  if (given !== undefined && !parseNameAddr(given)) return nok(`invalid from value provided by client: ${given}`);
  const { transports } = core.layer;
  if (transports.isOwn(target.host, target.port)) return nok('can not send request to myself');
  const start = (flow: Flow | NoRoute) => {
    if ('kind' in flow) unreachable(core, app, frame.id, message, method, uri, flow);
    else send(core, app, frame.id, message, method, uri, flow);
  };
  const registered = frame.routeUrl === '' ? core.registrations.find(uri) : null;
  if (registered) start(registered);
  else if (
    target.scheme === 'sip' &&
    target.transport &&
    !transports.listeners.some((one) => one.protocol === target.transport)
  ) {
    nok('requested protocol/transport not available');
  } else transports.route(target, start);
}

/** The complete request without Via, as it leaves over `flow`. */
function compose(message: AppMessage, method: string, uri: string, flow: Flow): string {
  const { before, after } = placeHeaders(message, placedByUs, flow.local);
  const own = ownContact(flow);
  const filled = (name: string) => {
    const value = headerOf(message, name);
    return value === undefined ? undefined : fillLocalhost(name, value, flow.local);
  };
  const cseq = /^\d+/.exec(headerOf(message, 'CSeq') ?? '')?.[0] ?? String(randomInt(1, 2 ** 28));
  const contact = filled('Contact') ?? (method === 'INVITE' || method === 'SUBSCRIBE' ? own : undefined);
  return composeRequest(
    method,
    uri,
    [
      ['Max-Forwards', headerOf(message, 'Max-Forwards') ?? '70'],
      ['From', withTag(filled('From') ?? own)],
      ['To', filled('To') ?? `<${uri}>`],
      ['Call-ID', headerOf(message, 'Call-ID') ?? randomUUID()],
      ['CSeq', `${cseq} ${method}`],
      ...(contact === undefined ? [] : ([['Contact', contact]] as const)),
      ...before,
    ],
    message.body,
    after,
  );
}

function send(core: Core, app: App, frameId: string, message: AppMessage, method: string, uri: string, flow: Flow) {
  const txnId = randomUUID();
  const out: Outgoing = { app, client: null };
  const ask = new Asking(core, app, txnId, out);
  const client = core.layer.request(flow, compose(message, method, uri, flow), ask);
  out.client = client;
  ask.request = client.request;
  core.outgoing.set(txnId, out);
  echoRequest(app, frameId, flow, txnId, client.request.text);
  if (method === 'SUBSCRIBE') ask.open(null, flow);
}

/** No way to the destination: the echo shows the request that would have left, and the answer follows at once. */
function unreachable(
  core: Core,
  app: App,
  frameId: string,
  message: AppMessage,
  method: string,
  uri: string,
  why: NoRoute,
) {
  const listener = core.layer.transports.listeners[0];
  if (!listener) return;
  // A request that is composed but never sent: nobody is at the discard port.
  const flow = listener.flowTo({ address: listener.local.address, port: 9 });
  const via = `Via: SIP/2.0/UDP ${flow.local.address};branch=z9hG4bK${token()}\r\n`;
  const text = compose(message, method, uri, flow).replace('\r\n', `\r\n${via}`);
  const txnId = randomUUID();
  echoRequest(app, frameId, flow, txnId, text, 0);
  const [status, reason] = why.kind === 'noTransport' ? [416, 'Unsupported URI Scheme'] : [503, 'Service Unavailable'];
  const head = text.slice(text.indexOf('\r\n') + 2, text.indexOf('\r\n\r\n')).split('\r\n');
  const copied = head.filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/.test(line));
  const tagged = copied.map((line) => (line.startsWith('To:') ? `${line};tag=${token()}` : line)).join('\r\n');
  const [callId, fromTag] = [
    /\r\nCall-ID: ([^\r]*)/.exec(text)?.[1] ?? '',
    /\r\nFrom:[^\r]*;tag=([^\r;]*)/.exec(text)?.[1] ?? '',
  ];
  const id = method === 'INVITE' || method === 'SUBSCRIBE' ? dialogId(callId, fromTag) : '';
  app.send(
    `sip|${fabricated(null)}|${txnId}|${id}|\r\nSIP/2.0 ${status} ${reason}\r\n${tagged}\r\nContent-Length: 0\r\n\r\n`,
  );
}

/** One request of an application and what comes of it. */
class Asking {
  request!: SipRequest;
  #dialog: Dialog | null = null;
  readonly #core: Core;
  readonly #app: App;
  readonly #txnId: string;
  readonly #out: Outgoing;

  constructor(core: Core, app: App, txnId: string, out: Outgoing) {
    this.#core = core;
    this.#app = app;
    this.#txnId = txnId;
    this.#out = out;
  }

  get #id(): string {
    const { method, callId, from } = this.request;
    return method === 'INVITE' || method === 'SUBSCRIBE' ? dialogId(callId, from.tag) : '';
  }

  onResponse(response: SipResponse, flow: Flow, sizeBytes: number) {
    const { status } = response;
    if (status === 100) return; // hop by hop
    const success = status >= 200 && status < 300;
    if (success && this.#dialog?.confirmed) return this.#again(response, flow);
    if (status >= 200) this.#core.outgoing.delete(this.#txnId);
    if (this.request.method === 'INVITE') {
      if (success || (status < 200 && response.headers.rseq !== undefined)) this.open(response, flow);
      if (success && !this.#app.connected) return this.#hangUp(response, flow);
    } else if (this.request.method === 'SUBSCRIBE' && success) this.open(response, flow);
    if (status >= 300 && this.#dialog) this.#core.dialogs.remove(this.#dialog);
    passUp(this.#app, sizeBytes, flow, `${this.#txnId}|${this.#id}`, response.text);
  }

  onTimeout() {
    this.#fabricate(408, 'Request Timeout');
  }

  onFailure() {
    this.#fabricate(503, 'Service Unavailable');
  }

  /** Makes the dialog, or completes it, from a 2xx or a reliable 1xx (RFC 3261 §12.1.2); null for a SUBSCRIBE just sent. */
  open(response: SipResponse | null, flow: Flow) {
    const { request } = this;
    const dialog = this.#dialog ?? this.#newDialog(flow);
    this.#dialog = dialog;
    if (response) {
      dialog.remoteTag = response.to.tag;
      dialog.remote = response.to.value;
      dialog.routeSet = routeSet(response, 'uac');
      refreshTarget(dialog, response, flow);
      if (response.status >= 200) dialog.confirmed = true;
      if (dialog.confirmed && request.method === 'INVITE') {
        dialog.ackDue = request.cseq.number;
        dialog.doomed = this.#out.client?.cancelled ?? false;
        armSession(this.#core, dialog, response.headers['session-expires'], 'us');
      }
    }
    this.#core.dialogs.add(dialog);
  }

  #newDialog(flow: Flow): Dialog {
    const { request } = this;
    return {
      id: this.#id,
      role: 'uac',
      method: request.method === 'INVITE' ? 'INVITE' : 'SUBSCRIBE',
      app: this.#app,
      openedBy: this.#txnId,
      callId: request.callId,
      localTag: request.from.tag ?? '',
      remoteTag: null,
      local: request.from.value,
      remote: request.to.value,
      localCseq: request.cseq.number,
      remoteCseq: null,
      routeSet: [],
      target: request.uri,
      flow,
      contact: request.headers.contact ?? ownContact(flow),
      confirmed: false,
      ackDue: null,
      ackSent: null,
      waiting: new Set(),
      inviting: null,
      invited: null,
      doomed: false,
      localSdp: request.body.startsWith('v=0') ? request.body : '',
      session: null,
      expiresAt: request.method === 'SUBSCRIBE' ? this.#core.timers.now() + subscriptionMs(request) : null,
    };
  }

  /** A 2xx after the first: the same again, or another phone behind a forking proxy (RFC 3261 §13.2.2.4). */
  #again(response: SipResponse, flow: Flow) {
    const dialog = this.#dialog as Dialog;
    if (this.request.method !== 'INVITE') return;
    if (response.to.tag !== dialog.remoteTag) this.#hangUp(response, flow);
    else if (dialog.ackSent?.cseq === response.cseq.number) dialog.ackSent.flow.send(dialog.ackSent.text);
  }

  /** Nobody wants this answer: ACK and BYE. */
  #hangUp(response: SipResponse, flow: Flow) {
    const core = this.#core;
    const fork: Dialog = {
      ...this.#newDialog(flow),
      remoteTag: response.to.tag,
      remote: response.to.value,
      routeSet: routeSet(response, 'uac'),
      target: contactUri(response) ?? this.request.uri,
    };
    if (this.#dialog && !this.#app.connected) removeDialog(core, this.#dialog);
    dialogFlow(fork, fork.target, core.layer.transports, (to) => {
      if ('kind' in to) return;
      const parts = { uri: 'sip:placeholder', headers: [], body: '' };
      const ack = composeInDialog(fork, { ...parts, method: 'ACK', cseq: response.cseq.number });
      core.layer.sendStateless(to, ack.text);
      core.layer.request(to, composeInDialog(fork, { ...parts, method: 'BYE' }).text, unheard);
    });
  }

  #fabricate(status: number, reason: string) {
    this.#core.outgoing.delete(this.#txnId);
    if (this.#dialog) this.#core.dialogs.remove(this.#dialog);
    const text = composeResponse(this.request, { status, reason, toTag: token() });
    const flow = this.#out.client?.flow ?? null;
    this.#app.send(`sip|${fabricated(flow)}|${this.#txnId}|${this.#id}|\r\n${text}`);
  }
}

function subscriptionMs(request: SipRequest): number {
  const seconds = Number(request.headers.expires ?? 3600);
  return (Number.isFinite(seconds) ? seconds : 3600) * 1000;
}

/** CANCEL of an INVITE of the application. The answer to it is never shown. */
export function cancel(core: Core, app: App, frame: SipFrame) {
  const client = core.outgoing.get(frame.txnId)?.client;
  const message = readAppMessage(frame.text);
  const headers = (message?.headers ?? []).filter(([name]) => !placedByUs.has(name) && name !== 'P-Asserted-Identity');
  const sent = client?.cancel(headers) ?? null;
  if (!client || !sent) return app.reply(frame.id, `NOK|unable to cancel unknown transaction id: ${frame.txnId}`);
  echoRequest(app, frame.id, client.flow, randomUUID(), sent.text, sent.sent ? sent.text.length : 0);
}
