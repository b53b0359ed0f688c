import { once } from 'node:events';
import Srf from 'drachtio-srf';
import { type SipUri, toSipUri } from './address.ts';
import { type Dialog as OurDialog, wrapDialog } from './drachtio-dialog.ts';
import { SipFailure } from './errors.ts';
import { type Body, multipart } from './multipart.ts';
import { parseNameAddrs } from './name-addr.ts';
import type {
  InboundInvite,
  OutboundInvite,
  OutboundRegistration,
  OutboundResult,
  PacketSource,
  RegisterRequest,
  Signaling,
} from './ports.ts';

export type DrachtioOptions = {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** What could not be answered as it should: a handler that threw, a server that went away. Never has SIP content. */
  readonly onTrouble: (what: string, cause: unknown) => void;
  readonly onConnection: (connected: boolean) => void;
};

/** drachtio's Srf, shared only with `media/freeswitch.ts` through app/main.ts: fsmrf sends its INVITEs by it. */
export type DrachtioSignaling = Signaling & { readonly srf: Srf };

/**
 * Connects to drachtio-server or the embedded engine and keeps reconnecting (drachtio-srf does it by itself).
 * Resolves once connected; rejects after `timeoutMs`.
 */
export async function connectDrachtio(options: DrachtioOptions, timeoutMs = 10_000): Promise<DrachtioSignaling> {
  const srf = new Srf();
  let connected = false;
  let lastError: unknown = null;
  const first = Promise.withResolvers<void>();
  const deadline = setTimeout(
    () => first.reject(new SipFailure('no signaling server', { cause: lastError })),
    timeoutMs,
  );
  srf.on('connect', (error: Error | null) => {
    if (error) {
      lastError = error;
      return;
    }
    connected = true;
    options.onConnection(true);
    first.resolve();
  });
  srf.on('error', (error: Error) => {
    lastError = error;
    if (connected) options.onTrouble('signaling connection', error);
  });
  srf.on('disconnect', () => {
    if (connected) options.onConnection(false);
    connected = false;
  });
  // Its types promise a promise, but it answers by the events above.
  void srf.connect({ host: options.host, port: options.port, secret: options.secret });

  let onInvite: (invite: InboundInvite) => Promise<void> = async (invite) => invite.reject(503);
  let onRegister: (request: RegisterRequest) => Promise<void> = async (request) => request.respond(503);
  srf.invite((req, res) => {
    const invite = wrapInvite(srf, req, res);
    onInvite(invite).catch((cause: unknown) => {
      options.onTrouble('a call script threw', cause);
      invite.reject(500);
    });
  });
  srf.use('register', (req, res) => {
    const request = wrapRegister(req, res);
    onRegister(request).catch((cause: unknown) => {
      options.onTrouble('the registrar threw', cause);
      request.respond(500);
    });
  });
  srf.use('options', (_req, res) => {
    res.send(200, {
      headers: { Allow: 'INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, INFO, REFER, NOTIFY', Accept: 'application/sdp' },
    });
  });
  srf.use('message', (_req, res) =>
    res.send(405, { headers: { Allow: 'INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, INFO, REFER, NOTIFY' } }),
  );

  await first.promise.finally(() => clearTimeout(deadline));
  return {
    srf,
    get connected() {
      return connected;
    },
    onInvite(handler) {
      onInvite = handler;
    },
    onRegister(handler) {
      onRegister = handler;
    },
    invite: (invite) => placeInvite(srf, invite),
    register: (registration) => registerAt(srf, registration),
    options: (to, timeoutMs) => askOptions(srf, to, timeoutMs),
    endDialog: (id) => endDialog(srf, id),
    onForeignBye(handler) {
      srf.use('bye', (req, res) => {
        res.send(200);
        handler((req as Srf.SrfRequest & { readonly stackDialogId: string }).stackDialogId);
      });
    },
    async close() {
      const open = connected;
      connected = false;
      if (open) srf.disconnect(); // it throws without a connection
    },
  };
}

function endDialog(srf: Srf, stackDialogId: string): Promise<void> {
  // Its types lack this form.
  const request = srf.request as unknown as (uri: string, options: object, callback: () => void) => void;
  return new Promise((resolve) => {
    // Inside the dialog its own target replaces this one.
    request.call(srf, 'sip:placeholder', { method: 'BYE', stackDialogId }, resolve);
  });
}

const sourceOf = (req: Srf.SrfRequest): PacketSource => ({
  address: req.source_address,
  port: Number(req.source_port),
  protocol: req.protocol,
});

function wrapInvite(srf: Srf, req: Srf.SrfRequest, res: Srf.SrfResponse): InboundInvite {
  const cancelled = new AbortController();
  req.on('cancel', () => cancelled.abort());
  let finalSent = false;
  return {
    sipCallId: req.get('Call-ID'),
    receivedAt: new Date(),
    dialled: parseNameAddrs(req.uri)[0]?.user ?? '',
    source: sourceOf(req),
    headers: (name) => req.get(name),
    offer: req.body ? req.body : null,
    cancelled: cancelled.signal,
    ring() {
      if (!finalSent && !cancelled.signal.aborted) res.send(180);
    },
    async answer(sdp): Promise<OurDialog> {
      finalSent = true;
      try {
        return await openUas(srf, req, res, sdp);
      } catch (cause) {
        throw new SipFailure('the caller was gone before the answer', { cause });
      }
    },
    reject(status, reason, headers) {
      if (finalSent || cancelled.signal.aborted) return;
      finalSent = true;
      const options = { headers: oneLineEach(headers ?? {}) };
      if (reason === undefined) res.send(status, options);
      else res.send(status, reason, options);
    },
  };
}

const cancelGraceMs = 1_500;
const ackTimeoutMs = 8_000;
const registerTimeoutMs = 8_000;

type GaveUp = 'cancelled' | 'noAnswer' | 'silent';

/**
 * Sends the 200. The dialog is wrapped in the callback itself: a BYE in the same packet as the ACK would be told before
 * a promise's next step.
 */
async function openUas(srf: Srf, req: Srf.SrfRequest, res: Srf.SrfResponse, localSdp: string): Promise<OurDialog> {
  const { promise, resolve, reject } = Promise.withResolvers<{ dialog: Srf.Dialog; wrapped: OurDialog }>();
  srf.createUAS(req, res, { localSdp }, (error, dialog) => {
    if (error) reject(error);
    else resolve({ dialog, wrapped: wrapDialog(dialog, req.body) });
  });
  const { dialog, wrapped } = await promise;
  if (!req.body) await answerInAck(dialog, wrapped);
  return wrapped;
}

/** RFC 3264 §4, RFC 3261 §13.2.2.4: of an INVITE without an offer the answer to ours comes in the ACK. */
async function answerInAck(dialog: Srf.Dialog, wrapped: OurDialog): Promise<void> {
  try {
    const signal = AbortSignal.any([wrapped.ended, AbortSignal.timeout(ackTimeoutMs)]);
    if (!dialog.remote.sdp) await once(dialog, 'ack', { signal });
    if (!dialog.remote.sdp) throw new SipFailure('an ACK without the answer to our offer');
  } catch (cause) {
    await wrapped.bye();
    throw cause;
  }
}

/** Sends an INVITE and follows it to its end; a 3xx is a refusal (toll fraud), never followed. */
async function placeInvite(srf: Srf, invite: OutboundInvite): Promise<OutboundResult> {
  if (invite.signal.aborted) return { kind: 'cancelled' };
  let sent: Srf.SrfRequest | null = null;
  let ended: GaveUp | null = null;
  const unanswered = Promise.withResolvers<null>();
  let grace: NodeJS.Timeout | undefined;
  const cancel = (why: GaveUp) => {
    ended ??= why;
    sent?.cancel(() => {});
    // RFC 3261 §9.1: without a provisional response no CANCEL goes out, and none comes from a peer that is away.
    grace ??= setTimeout(() => unanswered.resolve(null), cancelGraceMs);
  };
  const onAbort = () => cancel('cancelled');
  invite.signal.addEventListener('abort', onAbort, { once: true });
  const ringing = setTimeout(() => cancel('noAnswer'), invite.ringSeconds * 1000);
  const silence = invite.silentSeconds ? setTimeout(() => cancel('silent'), invite.silentSeconds * 1000) : undefined;
  const name = invite.callerName?.replace(/[^\p{L}\p{N} .,'()+-]/gu, '').slice(0, 60);
  const from = `<sip:${invite.callerNumber}@localhost>`;
  const body = bodyOf(invite);
  const { promise: uac, resolve, reject } = Promise.withResolvers<OurDialog>();
  srf.createUAC(
    invite.to,
    {
      ...(invite.proxy && { proxy: invite.proxy }),
      ...(invite.auth && { auth: invite.auth }),
      localSdp: body.text,
      headers: {
        From: name ? `"${name}" ${from}` : from,
        Contact: from,
        'Content-Type': body.contentType,
        ...invite.headers,
      },
    },
    {
      cbRequest: (request: Srf.SrfRequest | Error | null, req?: Srf.SrfRequest) => {
        sent = req ?? (request as Srf.SrfRequest);
        if (ended) cancel(ended);
      },
      cbProvisional: (response) => {
        if (response.status > 100) clearTimeout(silence);
        if (response.status === 180 || response.status === 183) invite.onRinging?.();
      },
    },
    (error: unknown, dialog?: Srf.Dialog) => {
      if (!dialog) {
        reject(error);
        return;
      }
      // In the dialog our part of the session is the SDP alone.
      dialog.local.sdp = invite.sdp;
      resolve(wrapDialog(dialog, dialog.remote.sdp));
    },
  );
  try {
    const dialog = await Promise.race([uac, unanswered.promise]);
    if (dialog === null) {
      uac.then((late) => late.bye()).catch(() => {});
      return { kind: ended ?? 'noAnswer' };
    }
    if (!ended) return { kind: 'answered', dialog };
    // RFC 3261 §9.1: the 200 crossed our CANCEL; the answered dialog is ours to end.
    await dialog.bye();
    return { kind: ended };
  } catch (cause) {
    const status = statusOf(cause);
    if (ended) return { kind: ended };
    if (status === null) throw new SipFailure('the INVITE could not be sent', { cause });
    return { kind: 'refused', status, reason: (cause as { reason?: string }).reason ?? '' };
  } finally {
    clearTimeout(ringing);
    clearTimeout(silence);
    clearTimeout(grace);
    invite.signal.removeEventListener('abort', onAbort);
  }
}

function bodyOf({ sdp, location }: OutboundInvite): Body {
  const session = { contentType: 'application/sdp', text: sdp };
  return location ? multipart([session, location]) : session;
}

/** Asks whether a trunk is there (RFC 3261 §11). */
async function askOptions(srf: Srf, to: SipUri, timeoutMs: number): Promise<number | null> {
  const answer = await ask(srf, to, { method: 'OPTIONS', headers: { Accept: 'application/sdp' } }, timeoutMs);
  return answer?.status ?? null;
}

async function registerAt(srf: Srf, registration: OutboundRegistration): Promise<number | null> {
  const { registrar, auth, expiresSeconds } = registration;
  const aor = `<sip:${auth.username}@${registrar.replace(/^sips?:/i, '').replace(/;.*$/, '')}>`;
  const headers = {
    From: aor,
    To: aor,
    Contact: `<sip:${encodeURIComponent(auth.username)}@localhost>`,
    Expires: String(expiresSeconds),
  };
  const answer = await ask(srf, registrar, { method: 'REGISTER', headers, auth }, registerTimeoutMs);
  if (!answer || answer.status < 200 || answer.status >= 300) return null;
  // The registrar may grant less than was asked, in Contact or in Expires (RFC 3261 §10.2.4).
  const granted = /;\s*expires=(\d+)/i.exec(answer.get('Contact') ?? '')?.[1] ?? answer.get('Expires');
  return granted === undefined ? expiresSeconds : Number.parseInt(granted, 10);
}

type Answer = { readonly status: number; get(name: string): string | undefined };

/** A request outside a dialog and its final answer; null: none in time. Never rejects. */
async function ask(
  srf: Srf,
  to: string,
  options: { method: string; headers: Record<string, string>; auth?: { username: string; password: string } },
  timeoutMs: number,
): Promise<Answer | null> {
  const { promise, resolve } = Promise.withResolvers<Answer | null>();
  const timeout = setTimeout(() => resolve(null), timeoutMs);
  try {
    // Its types lack this form.
    const request = srf.request as unknown as (
      uri: string,
      how: typeof options,
      callback: (error: unknown, sent?: { on(event: 'response', listener: (response: Answer) => void): void }) => void,
    ) => void;
    request.call(srf, to, options, (error, sent) => {
      if (error || !sent) resolve(null);
      else
        sent.on('response', (response) => {
          if (response.status >= 200) resolve(response);
        });
    });
    return await promise;
  } catch {
    return null;
  } finally {
    clearTimeout(timeout);
  }
}

function statusOf(error: unknown): number | null {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' ? status : null;
}

function wrapRegister(req: Srf.SrfRequest, res: Srf.SrfResponse): RegisterRequest {
  const to = parseNameAddrs(req.get('To'))[0];
  const contactHeader = req.get('Contact') ?? '';
  const expires = Number.parseInt(req.get('Expires') ?? '', 10);
  let answered = false;
  return {
    aor: toSipUri(to?.uri ?? '') ?? ('' as never),
    user: to?.user ?? '',
    realm: parseNameAddrs(req.uri)[0]?.uri ?? '',
    contacts: parseNameAddrs(contactHeader).map((contact) => ({
      uri: contact.uri,
      expiresSeconds: secondsOf(contact.params.get('expires')),
      q: Number(contact.params.get('q') ?? 1),
      instance: contact.params.get('+sip.instance') ?? null,
    })),
    wildcard: contactHeader.trim() === '*',
    defaultExpiresSeconds: Number.isNaN(expires) ? null : expires,
    sipCallId: req.get('Call-ID'),
    cseq: Number.parseInt(req.get('CSeq'), 10),
    source: sourceOf(req),
    userAgent: req.get('User-Agent') ?? null,
    authorization: req.get('Authorization'),
    headers: (name) => req.get(name),
    respond(status, reason, headers) {
      if (answered) return;
      answered = true;
      const options = { headers: oneLineEach(headers ?? {}) };
      if (reason === undefined) res.send(status, options);
      else res.send(status, reason, options);
    },
  };
}

function secondsOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null;
}

/**
 * Several challenges must be header lines of their own (RFC 3261 §20.44), but drachtio-srf joins values by commas:
 * the line ends are written into the value.
 */
function oneLineEach(headers: Readonly<Record<string, string | readonly string[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : value.join(`\r\n${name}: `),
    ]),
  );
}
