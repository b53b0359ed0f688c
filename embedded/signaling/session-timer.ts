import type { SipMessage } from '../sip/message.ts';
import { type Core, endByUs } from './core.ts';
import { composeInDialog, type Dialog, dialogFlow, refreshTarget } from './dialog.ts';

/** Shortest interval that is accepted, s (RFC 4028 §5). */
export const minSessionSeconds = 90;

type Session = { readonly seconds: number; readonly refresher: 'uac' | 'uas' | null };

/** Session-Expires of a message, null when it has none. */
export function sessionOf(value: string | undefined): Session | null {
  const match = /^\s*(\d{1,9})\s*(.*)$/s.exec(value ?? '');
  if (!match) return null;
  const refresher = /;\s*refresher\s*=\s*(uac|uas)/i.exec(match[2] as string)?.[1]?.toLowerCase();
  return { seconds: Number(match[1]), refresher: (refresher as 'uac' | 'uas' | undefined) ?? null };
}

/** Session-Expires to put into the 2xx when the application gave none: the caller's, if it says who refreshes. */
export function declaredSession(request: SipMessage): string | null {
  const asked = sessionOf(request.headers['session-expires']);
  return asked?.refresher ? `${asked.seconds};refresher=${asked.refresher}` : null;
}

/**
 * (Re)starts the session timer from the Session-Expires of a 2xx. `asker`: who sent the INVITE or UPDATE that it answers.
 * Without the header there is no timer any more (RFC 4028 §7.2).
 */
export function armSession(core: Core, dialog: Dialog, sessionExpires: string | undefined, asker: 'us' | 'peer') {
  dialog.session?.cancel();
  dialog.session = null;
  const session = sessionOf(sessionExpires);
  if (!session || session.seconds < minSessionSeconds) return;
  const weRefresh = (session.refresher ?? 'uac') === (asker === 'us' ? 'uac' : 'uas');
  const ms = session.seconds * 1000;
  dialog.session = weRefresh
    ? core.timers.after(ms / 2 + (Math.random() - 0.5) * 10_000, () => refresh(core, dialog, session.seconds))
    : core.timers.after(ms, () => endByUs(core, dialog, 'Session timer expired'));
}

/** A re-INVITE of our own with the last SDP, which the application never sees (RFC 4028 §10). */
function refresh(core: Core, dialog: Dialog, seconds: number) {
  if (dialog.inviting || dialog.invited !== null) {
    // The INVITE on its way refreshes the session itself when it is answered.
    dialog.session = core.timers.after(minSessionSeconds * 500, () => endByUs(core, dialog, 'Session timer expired'));
    return;
  }
  const { text, cseq } = composeInDialog(dialog, {
    method: 'INVITE',
    uri: 'sip:placeholder',
    headers: [
      ['Session-Expires', `${seconds};refresher=uac`],
      ['Min-SE', String(minSessionSeconds)],
      ...(dialog.localSdp === '' ? [] : [['Content-Type', 'application/sdp'] as const]),
    ],
    body: dialog.localSdp,
  });
  const failed = () => endByUs(core, dialog, 'Session timer expired');
  dialogFlow(dialog, dialog.target, core.layer.transports, (flow) => {
    if ('kind' in flow) return failed();
    let ack: string | null = null;
    dialog.inviting = core.layer.request(flow, text, {
      onResponse(response, from) {
        if (response.status < 200) return;
        dialog.inviting = null;
        if (response.status >= 300) return failed();
        if (ack === null) {
          refreshTarget(dialog, response, from);
          const acknowledged = composeInDialog(dialog, {
            method: 'ACK',
            uri: 'sip:placeholder',
            cseq,
            headers: [],
            body: '',
          });
          ack = core.layer.sendStateless(flow, acknowledged.text);
          armSession(core, dialog, response.headers['session-expires'] ?? `${seconds};refresher=uac`, 'us');
        } else flow.send(ack);
      },
      onTimeout: failed,
      onFailure: failed,
    });
  });
}
