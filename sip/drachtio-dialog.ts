import type Srf from 'drachtio-srf';
import { SipFailure } from './errors.ts';
import type { Dialog, DialogEnd, Refer } from './ports.ts';
import { readReferTo } from './refer.ts';

export type { Dialog };

const byeTimeoutMs = 4_000;
const modifyTimeoutMs = 5_000;

/** A drachtio dialog as our port: its end is an AbortSignal, its re-INVITE never waits for ever. */
export function wrapDialog(dialog: Srf.Dialog, remoteSdp: string): Dialog {
  const ended = new AbortController();
  const end = (how: DialogEnd) => {
    if (!ended.signal.aborted) ended.abort(how);
  };
  // A BYE read together with the ACK is over before the promise of this dialog has settled.
  if (!(dialog as Srf.Dialog & { readonly connected: boolean }).connected) end({ by: 'peer', reason: 'BYE' });
  let currentRemote = remoteSdp;
  let onModify: ((offer: string) => Promise<string>) | null = null;

  // drachtio-srf tells a BYE that the server made itself by a second argument other than 'normal release'.
  dialog.on('destroy', ((_request: unknown, reason?: string) =>
    end({ by: reason && reason !== 'normal release' ? 'stack' : 'peer', reason: reason ?? 'BYE' })) as never);
  dialog.on('modify', (req, res) => {
    const handler = onModify;
    if (!handler) {
      res.send(488);
      return;
    }
    // RFC 3261 §14.2: a re-INVITE without an offer asks for ours; we repeat what we have.
    const answer = req.body ? handler(req.body) : Promise.resolve(dialog.local.sdp);
    answer.then(
      (sdp) => {
        if (req.body) currentRemote = req.body;
        dialog.local.sdp = sdp;
        res.send(200, { body: sdp, headers: { 'Content-Type': 'application/sdp' } });
      },
      () => res.send(488),
    );
  });

  let onRefer: ((refer: Refer) => void) | null = null;
  dialog.on('refer', (req, res) => {
    const target = readReferTo(req.get('Refer-To') ?? '');
    if (!onRefer || !target) {
      res.send(target ? 603 : 400);
      return;
    }
    onRefer({
      target,
      accept: () => res.send(202),
      refuse: (status) => res.send(status),
      async notify(status, reason) {
        if (!ended.signal.aborted) await within(byeTimeoutMs, dialog.request(sipFrag(status, reason))).catch(() => {});
      },
    });
  });

  return {
    id: (dialog as Srf.Dialog & { readonly id: string }).id,
    sipCallId: dialog.sip.callId,
    get remoteSdp() {
      return currentRemote || dialog.remote.sdp;
    },
    ended: ended.signal,
    async bye() {
      if (ended.signal.aborted) return;
      end({ by: 'us', reason: 'BYE' });
      await within(byeTimeoutMs, new Promise<void>((resolve) => dialog.destroy(undefined, () => resolve()))).catch(
        () => {},
      );
    },
    async modify(sdp) {
      const answer = await within(modifyTimeoutMs, dialog.modify(sdp));
      currentRemote = answer;
      return answer;
    },
    onModify(handler) {
      onModify = handler;
    },
    onRefer(handler) {
      onRefer = handler;
    },
  };
}

/** RFC 3515 §2.4.4: the subscription that a REFER makes ends with the final status. */
function sipFrag(status: number, reason: string): Srf.SrfRequest {
  const state = status >= 200 ? 'terminated;reason=noresource' : 'active;expires=60';
  return {
    method: 'NOTIFY',
    headers: { Event: 'refer', 'Subscription-State': state, 'Content-Type': 'message/sipfrag;version=2.0' },
    body: `SIP/2.0 ${status} ${reason}\r\n`,
  } as unknown as Srf.SrfRequest;
}

/** The promise, or a SipFailure after `ms`: drachtio-srf leaves some promises unsettled (drachtio-wire.md, Quirks 11). */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const timer = Promise.withResolvers<never>();
  const timeout = setTimeout(() => timer.reject(new SipFailure('no answer in the dialog')), ms);
  try {
    return await Promise.race([promise, timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}
