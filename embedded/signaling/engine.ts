import type { SipUri } from '../../sip/address.ts';
import { nodeTimers, type Timers, type Timing } from '../sip/timers.ts';
import { openTransactionLayer } from '../sip/transaction-layer.ts';
import { respond } from './app-response.ts';
import { type App, AppServer, type SipFrame } from './apps.ts';
import type { Core } from './core.ts';
import { removeDialog } from './core.ts';
import { DialogTable } from './dialog.ts';
import { requestInDialog } from './in-dialog.ts';
import { Registrations } from './registrations.ts';
import { cancel, requestOutOfDialog } from './uac.ts';
import { onAck, onAckTimeout, onAppGone, onCancel, onRequest } from './uas.ts';

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
  const dialogs = new DialogTable();
  const registrations = new Registrations(timers);
  const gone = new Map<App, number>();
  let core: Core | null = null;
  const withCore = (run: (core: Core) => void) => {
    try {
      if (core) run(core);
    } catch (error) {
      onError(error);
    }
  };
  const apps = new AppServer({
    host: options.adminHost,
    port: options.adminPort,
    secret: options.secret,
    timers,
    greeting: () => {
      const hostports = core?.layer.transports.hostports.join(',') ?? '';
      return `${hostports}|${version}|${hostports}`;
    },
    onSip: (app, frame) => withCore((it) => fromApp(it, app, frame)),
    onProxy: (app, id) => app.reply(id, 'NOK|proxy is not supported by the embedded engine'),
    onClosed: (app) => {
      gone.set(app, timers.now());
      withCore((it) => onAppGone(it, app));
    },
  });
  const layer = await openTransactionLayer({
    host: options.sipHost,
    port: options.sipPort,
    timers,
    onError,
    ...(options.timing ? { timing: options.timing } : {}),
    tu: {
      onRequest: (tx) => withCore((it) => onRequest(it, tx)),
      onCancel: (tx, invite) => withCore((it) => onCancel(it, tx, invite)),
      onAck: (ack, flow, invite) => withCore((it) => onAck(it, ack, flow, invite)),
      onAckTimeout: (invite) => withCore((it) => onAckTimeout(it, invite)),
    },
  });
  const edge = { defaultDestination: options.defaultDestination ?? null, appMs: options.appMs ?? 2000 };
  core = {
    layer,
    apps,
    dialogs,
    registrations,
    pending: new Map(),
    outgoing: new Map(),
    relays: new Map(),
    timers,
    edge,
  };
  const adminPort = await apps.listen().catch(async (error) => {
    await layer.transports.close();
    own.stop();
    throw error;
  });
  const { pending, outgoing } = core;
  const sweep = () => {
    withCore((it) => sweepDialogs(it, gone));
    registrations.sweep();
    timers.after(sweepMs, sweep);
  };
  timers.after(sweepMs, sweep);
  return {
    sipPort: layer.transports.port,
    adminPort,
    counts: () => ({ transactions: layer.size, dialogs: dialogs.size, pending: pending.size, outgoing: outgoing.size }),
    async stop() {
      await Promise.all([apps.close(), layer.transports.close()]);
      own.stop();
    },
  };
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
