import type { E164, SipUri } from './address.ts';
import type { Part } from './multipart.ts';
import type { ReferTarget } from './refer.ts';

/*
 * What the rest of Chartline knows of SIP. `sip/drachtio.ts` is the one implementation; no drachtio type leaves it.
 * A *dialog* is one SIP relation; a *leg* is our side of one; a *call* is what a person experiences.
 */

/** STIR/SHAKEN result as the trunk reports it. A trust level, never a proof of who holds the phone. */
export type Attestation = 'A' | 'B' | 'C' | 'failed' | 'none' | 'unknown';

/** Who the signalling says is calling, decided once at the edge by the trunk's own order of headers. */
export type CallerIdentity = {
  /** Null: withheld, or not a telephone number (an extension, `anonymous`). */
  readonly number: E164 | null;
  /** User part as it came, for extensions and for numbers that are not E.164. */
  readonly user: string;
  readonly display: string | null;
  readonly header: 'P-Asserted-Identity' | 'Remote-Party-ID' | 'From';
  /** RFC 3323: the caller asked not to be shown. */
  readonly withheld: boolean;
  readonly attestation: Attestation;
};

export type PacketSource = { readonly address: string; readonly port: number; readonly protocol: string };

/** A new INVITE, not yet answered. Exactly one of `answer` and `reject` ends it; a CANCEL aborts `cancelled`. */
export interface InboundInvite {
  /** SIP Call-ID. */
  readonly sipCallId: string;
  readonly receivedAt: Date;
  /** User part of the Request-URI as dialled. */
  readonly dialled: string;
  readonly source: PacketSource;
  readonly headers: (name: string) => string | undefined;
  /** SDP offer, null for a late offer. */
  readonly offer: string | null;
  /** Aborted by CANCEL before the answer. */
  readonly cancelled: AbortSignal;
  /** Sends a provisional response; failures are ignored, the final one tells. */
  ring(): void;
  /** Sends 200 with `sdp`: our answer, or our offer to a late one. Rejects when the caller has gone meanwhile. */
  answer(sdp: string): Promise<Dialog>;
  /** Sends a final refusal. Does nothing once a final has been sent. */
  reject(status: number, reason?: string, headers?: Readonly<Record<string, string | readonly string[]>>): void;
}

/** An established dialog. Whoever opened it ends it with `bye` in its own `finally`. */
export interface Dialog {
  /** The server's name for it, by which a later process may end it. */
  readonly id: string;
  readonly sipCallId: string;
  readonly remoteSdp: string;
  /** Aborted when either side has ended it; the reason is a `DialogEnd`. */
  readonly ended: AbortSignal;
  /** Ends the dialog; returns at once when it has ended already. */
  bye(): Promise<void>;
  /** Sends a re-INVITE with our new SDP; resolves with the peer's. */
  modify(sdp: string): Promise<string>;
  /** The handler answers the peer's re-INVITE: its offer in, our answer out. One handler; without it, 488. */
  onModify(handler: (offer: string) => Promise<string>): void;
  /** One handler; without it, 603. */
  onRefer(handler: (refer: Refer) => void): void;
}

/** A phone asks to send the other party elsewhere (RFC 3515). Exactly one of `accept` and `refuse`, then `notify` until a final. */
export interface Refer {
  readonly target: ReferTarget;
  accept(): void;
  refuse(status: number): void;
  /** Tells how the transfer goes: 100, 180, or the final status. Never rejects: the phone may have hung up. */
  notify(status: number, reason: string): Promise<void>;
}

export type DialogEnd = { readonly by: 'peer' | 'us' | 'stack'; readonly reason: string };

/** Where an outgoing INVITE goes and as whom. */
export type OutboundInvite = {
  readonly to: SipUri;
  /** Send it here whatever the URI says: a phone behind NAT. */
  readonly proxy?: SipUri | null;
  /** Number or name shown to the called phone. */
  readonly callerNumber: string;
  readonly callerName: string | null;
  readonly sdp: string;
  /** Goes in the body beside the SDP (RFC 6442): where the caller is. */
  readonly location?: Part;
  readonly headers?: Readonly<Record<string, string>>;
  /** What a carrier's challenge is answered with. */
  readonly auth?: { readonly username: string; readonly password: string } | null;
  /** Nothing but 100 for so long: 'silent'. */
  readonly silentSeconds?: number;
  readonly ringSeconds: number;
  /** Abort to CANCEL. */
  readonly signal: AbortSignal;
  readonly onRinging?: () => void;
};

export type OutboundResult =
  | { readonly kind: 'answered'; readonly dialog: Dialog }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  | { readonly kind: 'noAnswer' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'cancelled' };

/** What a desk phone's REGISTER asks, before authentication. */
export interface RegisterRequest {
  readonly aor: SipUri;
  readonly user: string;
  readonly realm: string;
  readonly contacts: readonly {
    readonly uri: string;
    readonly expiresSeconds: number | null;
    readonly q: number;
    readonly instance: string | null;
  }[];
  readonly wildcard: boolean;
  readonly defaultExpiresSeconds: number | null;
  readonly sipCallId: string;
  readonly cseq: number;
  readonly source: PacketSource;
  readonly userAgent: string | null;
  readonly authorization: string | undefined;
  readonly headers: (name: string) => string | undefined;
  respond(status: number, reason?: string, headers?: Readonly<Record<string, string | readonly string[]>>): void;
}

/** A REGISTER of ours, as a carrier asks it of a trunk. `expiresSeconds` 0 unbinds. */
export type OutboundRegistration = {
  readonly registrar: string;
  readonly auth: { readonly username: string; readonly password: string };
  readonly expiresSeconds: number;
};

/** The signaling server, production or embedded. */
export interface Signaling {
  readonly connected: boolean;
  onInvite(handler: (invite: InboundInvite) => Promise<void>): void;
  onRegister(handler: (request: RegisterRequest) => Promise<void>): void;
  /** Never throws for what a phone or carrier answers; throws `SipFailure` when the server itself is away. */
  invite(invite: OutboundInvite): Promise<OutboundResult>;
  /** Binds us at a carrier's registrar (RFC 3261 §10.2); resolves with the seconds granted. Null: refused, or no answer. */
  register(registration: OutboundRegistration): Promise<number | null>;
  /** Status of the answer to OPTIONS; null when none came in time. Never rejects. */
  options(to: SipUri, timeoutMs: number): Promise<number | null>;
  /** BYE in a dialog of an earlier process. Resolves when it was sent, or no such dialog is there. Never rejects. */
  endDialog(id: string): Promise<void>;
  /** A peer hung up in a dialog of an earlier process. */
  onForeignBye(handler: (dialogId: string) => void): void;
  close(): Promise<void>;
}
