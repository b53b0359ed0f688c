/* One dialog in which we are the UAS (RFC 3261 §12): what a request of ours needs, and whether one of theirs is in order. */
import { composeRequest, type HeaderList } from '../../sip/compose.ts';
import { parseNameAddr, type SipRequest, splitList } from '../../sip/message.ts';
import type { Flow } from '../../sip/transport.ts';

export class UasDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly #local: string;
  readonly #remote: string;
  readonly #routes: readonly string[];
  #target: string;
  #remoteSequence: number;
  #localSequence: number;
  /** Where the peer's last request came from: our requests go there when there is no better way. */
  flow: Flow;

  constructor(invite: SipRequest, localTag: string, flow: Flow) {
    this.callId = invite.callId;
    this.localTag = localTag;
    this.remoteTag = invite.from.tag ?? '';
    this.#local = `${invite.to.value};tag=${localTag}`;
    this.#remote = invite.from.value;
    // §12.1.1: for a UAS the Record-Route in its order.
    this.#routes = splitList(invite.headers['record-route'] ?? '');
    this.#target = contactOf(invite) ?? `sip:${flow.remote.address}:${flow.remote.port}`;
    this.#remoteSequence = invite.cseq.number;
    this.#localSequence = invite.cseq.number;
    this.flow = flow;
  }

  /** Key of the dialog that a request of the peer names. */
  static keyOf(request: SipRequest): string {
    return `${request.callId} ${request.to.tag ?? ''} ${request.from.tag ?? ''}`;
  }

  get key(): string {
    return `${this.callId} ${this.localTag} ${this.remoteTag}`;
  }

  /** False for a request that is older than one before it (§12.2.2: answer 500). A re-INVITE brings a new target. */
  accept(request: SipRequest, flow: Flow): boolean {
    if (request.cseq.number < this.#remoteSequence) return false;
    this.#remoteSequence = request.cseq.number;
    this.flow = flow;
    if (request.method === 'INVITE' || request.method === 'UPDATE') this.#target = contactOf(request) ?? this.#target;
    return true;
  }

  /** Text of a request in the dialog, and the URI it has to be sent to. Loose routing only. */
  request(method: string, headers: HeaderList): { text: string; uri: string } {
    this.#localSequence += 1;
    const route = this.#routes.map((value) => ['Route', value] as const);
    const text = composeRequest(method, this.#target, [
      ...route,
      ['Max-Forwards', '70'],
      ['From', this.#local],
      ['To', this.#remote],
      ['Call-ID', this.callId],
      ['CSeq', `${this.#localSequence} ${method}`],
      ...headers,
    ]);
    const first = this.#routes[0];
    return { text, uri: first === undefined ? this.#target : (parseNameAddr(first)?.uri ?? this.#target) };
  }
}

function contactOf(request: SipRequest): string | null {
  const contact = splitList(request.headers.contact ?? '')[0];
  return contact === undefined ? null : (parseNameAddr(contact)?.uri ?? null);
}
