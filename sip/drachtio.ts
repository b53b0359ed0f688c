import Srf from 'drachtio-srf';
import { toSipUri } from './address.ts';
import { type Dialog as OurDialog, wrapDialog } from './drachtio-dialog.ts';
import { SipFailure } from './errors.ts';
import { parseNameAddrs } from './name-addr.ts';
import type {
  InboundInvite,
  OutboundInvite,
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
      headers: { Allow: 'INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, INFO', Accept: 'application/sdp' },
    });
  });
  srf.use('message', (_req, res) =>
    res.send(405, { headers: { Allow: 'INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, INFO' } }),
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
    async close() {
      connected = false;
      srf.disconnect();
    },
  };
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
        return wrapDialog(await srf.createUAS(req, res, { localSdp: sdp }), req.body);
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

/** Sends an INVITE and follows it to its end; a 3xx is a refusal (toll fraud), never followed. */
async function placeInvite(srf: Srf, invite: OutboundInvite): Promise<OutboundResult> {
  if (invite.signal.aborted) return { kind: 'cancelled' };
  let sent: Srf.SrfRequest | null = null;
  let ended: 'cancelled' | 'noAnswer' | null = null;
  const cancel = (why: 'cancelled' | 'noAnswer') => {
    ended ??= why;
    sent?.cancel(() => {});
  };
  const onAbort = () => cancel('cancelled');
  invite.signal.addEventListener('abort', onAbort, { once: true });
  const ringing = setTimeout(() => cancel('noAnswer'), invite.ringSeconds * 1000);
  const name = invite.callerName?.replace(/[^\p{L}\p{N} .,'()+-]/gu, '').slice(0, 60);
  const from = `<sip:${invite.callerNumber}@localhost>`;
  try {
    const dialog = await srf.createUAC(
      invite.to,
      {
        ...(invite.proxy && { proxy: invite.proxy }),
        localSdp: invite.sdp,
        headers: { From: name ? `"${name}" ${from}` : from, Contact: from, ...invite.headers },
      },
      {
        cbRequest: (request: Srf.SrfRequest | Error | null, req?: Srf.SrfRequest) => {
          sent = req ?? (request as Srf.SrfRequest);
          if (ended) cancel(ended);
        },
        cbProvisional: (response) => {
          if (response.status === 180 || response.status === 183) invite.onRinging?.();
        },
      },
    );
    const wrapped = wrapDialog(dialog, dialog.remote.sdp);
    if (!ended) return { kind: 'answered', dialog: wrapped };
    // RFC 3261 §9.1: the 200 crossed our CANCEL; the answered dialog is ours to end.
    await wrapped.bye();
    return { kind: ended };
  } catch (cause) {
    const status = statusOf(cause);
    if (ended) return { kind: ended };
    if (status === null) throw new SipFailure('the INVITE could not be sent', { cause });
    return { kind: 'refused', status, reason: (cause as { reason?: string }).reason ?? '' };
  } finally {
    clearTimeout(ringing);
    invite.signal.removeEventListener('abort', onAbort);
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
