import type Srf from 'drachtio-srf';
import { SipFailure } from './errors.ts';
import type { Dialog, DialogEnd } from './ports.ts';

export type { Dialog };

const byeTimeoutMs = 4_000;
const modifyTimeoutMs = 5_000;

/** A drachtio dialog as our port: its end is an AbortSignal, its re-INVITE never waits for ever. */
export function wrapDialog(dialog: Srf.Dialog, remoteSdp: string): Dialog {
  const ended = new AbortController();
  const end = (how: DialogEnd) => {
    if (!ended.signal.aborted) ended.abort(how);
  };
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

  return {
    sipCallId: dialog.sip.callId,
    get remoteSdp() {
      return currentRemote;
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
  };
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
