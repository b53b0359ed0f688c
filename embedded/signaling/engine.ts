import type { SipUri } from '../../sip/address.ts';
import { nodeTimers, rfcTiming, type Timers, type Timing } from '../sip/timers.ts';
import { openTransactionLayer, type TransactionUser } from '../sip/transaction-layer.ts';
import { respond } from './app-response.ts';
import { type App, AppServer, type SipFrame } from './apps.ts';
import { type Core, type EdgeOptions, removeDialog } from './core.ts';
import { DialogTable } from './dialog.ts';
import { requestInDialog } from './in-dialog.ts';
import { Registrations } from './registrations.ts';
import { cancel, requestOutOfDialog } from './uac.ts';
import { onAck, onAckTimeout, onAppGone, onCancel, onRequest } from './uas.ts';

/*
 * Where this engine differs from drachtio-server 0.9.10 on purpose (all else is a bug; CHARTLINE_TEST_DRACHTIO holds the
 * same tests against the real one):
 *  - nothing is obeyed before `authenticate`; frames up to 99,999 bytes pass; remove_route removes one verb
 *  - unknown methods get 501 instead of silence; 503 carries Retry-After; an INVITE that the application forgot gets 408
 *  - an application that goes away: its unanswered callers get the fallback or 503, the phones it rings are cancelled,
 *    a 200 that comes for it is acknowledged and hung up
 *  - RFC 3261 where the real one is loose: T1 for the first INVITE retransmission, glare (491), old CSeq (500), target
 *    refresh and repeated ACK for re-INVITEs of a UAS, a second fork's 200, NOTIFY before the 200 (RFC 6665)
 *  - `To` keeps URI parameters inside its brackets; Session-Expires is echoed to UPDATE too
 *  - not here: proxy, CDR, outbound (reverse) connections, TLS, WebSocket
 */

/** Looks like drachtio-server's, which drachtio-srf compares with v0.8.2 before it pings. */
const version = 'v0.9.10-embedded';
const sweepMs = 60_000;
/** How long a dialog whose application has gone is kept for one that returns. */
const orphanMs = 4 * 3600_000;

export type SignalingOptions = {
  readonly sipHost: string;
  /** UDP and TCP; 0: a free one. */
  readonly sipPort: number;
  readonly adminHost: string;
  /** 0: a free one. */
  readonly adminPort: number;
  readonly secret: string;
  readonly log: { error(fields: { readonly err: unknown }, message: string): void };
  /** Where new calls go when no application takes them within `appMs`; null (default): they get 503. */
  readonly defaultDestination?: SipUri | null;
  /** How long an application may take for its first 18x or 200 of a new call before the default destination gets it, ms. */
  readonly appMs?: number;
  /** Emergency numbers as phones dial them (911, 933, ...), which fall back to a trunk of their own after `appMs` (default 1000). */
  readonly emergency?: { readonly numbers: readonly string[]; readonly destination: SipUri; readonly appMs?: number };
  /** Tests shorten these, or let time pass by hand. */
  readonly timing?: Timing;
  readonly timers?: Timers;
};

export type SignalingEngine = {
  readonly sipPort: number;
  readonly adminPort: number;
  /** Things in memory, for leak checks. */
  counts(): {
    readonly transactions: number;
    readonly dialogs: number;
    readonly pending: number;
    readonly outgoing: number;
  };
  /** Closes every socket and timer. Calls are not ended: that is the application's part before. */
  stop(): Promise<void>;
};

/**
 * Starts what stands where drachtio-server stands: SIP on one side, its wire protocol to drachtio-srf on the other.
 * Rejects with Node's error (`EADDRINUSE` with `port`) when an address cannot be bound.
 */
export async function startSignalingEngine(options: SignalingOptions): Promise<SignalingEngine> {
  const onError = (error: unknown) =>
    options.log.error({ err: error }, 'fault in the signaling engine, message dropped');
  const own = nodeTimers(onError);
  const timers = options.timers ?? own;
  const gone = new Map<App, number>();
  // Both sides call back into a core that exists only when both are open.
  let core: Core | null = null;
  const withCore: WithCore = (run) => {
    try {
      if (core) run(core);
    } catch (error) {
      onError(error);
    }
  };
  const timing = options.timing ?? rfcTiming;
  const tu = transactionUser(withCore);
  const layer = await openTransactionLayer({
    host: options.sipHost,
    port: options.sipPort,
    timers,
    timing,
    onError,
    tu,
  });
  const { transports } = layer;
  const apps = adminServer(options, timers, transports.hostports, gone, withCore);
  core = {
    layer,
    apps,
    dialogs: new DialogTable(),
    registrations: new Registrations(timers),
    pending: new Map(),
    outgoing: new Map(),
    relays: new Map(),
    timers,
    edge: edgeOf(options),
  };
  const { dialogs, pending, outgoing } = core;
  const stop = async () => {
    await Promise.all([apps.close(), transports.close()]);
    own.stop();
  };
  const adminPort = await apps.listen().catch(async (error) => {
    await stop();
    throw error;
  });
  sweepForEver(withCore, timers, gone);
  return {
    sipPort: transports.port,
    adminPort,
    counts: () => ({ transactions: layer.size, dialogs: dialogs.size, pending: pending.size, outgoing: outgoing.size }),
    stop,
  };
}

function edgeOf({ defaultDestination = null, appMs = 2000, emergency }: SignalingOptions): EdgeOptions {
  const own = emergency && { ...emergency, numbers: new Set(emergency.numbers), appMs: emergency.appMs ?? 1000 };
  return { defaultDestination, appMs, emergency: own ?? null };
}

type WithCore = (run: (core: Core) => void) => void;

function transactionUser(withCore: WithCore): TransactionUser {
  return {
    onRequest: (tx) => withCore((core) => onRequest(core, tx)),
    onCancel: (tx, invite) => withCore((core) => onCancel(core, tx, invite)),
    onAck: (ack, flow, invite) => withCore((core) => onAck(core, ack, flow, invite)),
    onAckTimeout: (invite) => withCore((core) => onAckTimeout(core, invite)),
  };
}

function adminServer(
  options: SignalingOptions,
  timers: Timers,
  hostports: readonly string[],
  gone: Map<App, number>,
  withCore: WithCore,
): AppServer {
  return new AppServer({
    host: options.adminHost,
    port: options.adminPort,
    secret: options.secret,
    timers,
    greeting: [hostports, version, hostports].join('|'),
    onSip: (app, frame) => withCore((core) => fromApp(core, app, frame)),
    onProxy: (app, id) => app.reply(id, 'NOK|proxy is not supported by the embedded engine'),
    onClosed: (app) => {
      gone.set(app, timers.now());
      withCore((core) => onAppGone(core, app));
    },
  });
}

function sweepForEver(withCore: WithCore, timers: Timers, gone: Map<App, number>) {
  timers.after(sweepMs, () => {
    withCore((core) => {
      sweepDialogs(core, gone);
      core.registrations.sweep();
    });
    sweepForEver(withCore, timers, gone);
  });
}

/** Tells apart what an application sent, in the real server's order. */
function fromApp(core: Core, app: App, frame: SipFrame) {
  if (frame.text.startsWith('SIP/')) return respond(core, app, frame);
  if (frame.dialogId !== '') return requestInDialog(core, app, frame, core.dialogs.get(frame.dialogId));
  if (frame.txnId !== '') return cancel(core, app, frame);
  requestOutOfDialog(core, app, frame);
}

/** Forgets ended subscriptions, and dialogs that nobody came back for. */
function sweepDialogs(core: Core, gone: Map<App, number>) {
  const now = core.timers.now();
  const owners = new Set<App>();
  for (const dialog of [...core.dialogs]) {
    const left = gone.get(dialog.app);
    const abandoned = left !== undefined && now - left > orphanMs;
    if (abandoned || (dialog.expiresAt !== null && dialog.expiresAt + 64_000 < now)) removeDialog(core, dialog);
    else owners.add(dialog.app);
  }
  for (const app of gone.keys()) if (!owners.has(app)) gone.delete(app);
}
