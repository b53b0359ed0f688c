import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { CallView, Role, ServerMessage } from '../api-types.ts';
import { redactCall } from '../auth/disclosure.ts';
import type { Sessions, SignedIn } from '../auth/sessions.ts';
import type { LiveCalls, LiveMessage } from '../live-calls.ts';
import type { CardAudit } from './card-audit.ts';
import { signedIn } from './guard.ts';

/** Close codes of `/api/events`: the session ended (log in again); the screen reads too slowly (reconnect). */
export const closeCodes = { sessionEnded: 4401, tooSlow: 4408 } as const;

const beatMs = 15_000;
const unsentLimitBytes = 4_000_000;

const Query = z.object({ stream: z.string().max(64).optional(), after: z.coerce.number().int().min(0).optional() });

type On = { readonly calls: LiveCalls; readonly sessions: Sessions; readonly cards: CardAudit };

/** `/api/events`: a snapshot or what was missed, then every change, each cut to the viewer's role. */
export function eventRoutes(on: On): (app: FastifyInstance) => Promise<void> {
  // A message is serialised once a role, not once a screen.
  const frames = new WeakMap<LiveMessage, Map<Role, string>>();
  const frameFor = (message: LiveMessage, role: Role): string => {
    const byRole = frames.get(message) ?? new Map<Role, string>();
    frames.set(message, byRole);
    const frame = byRole.get(role) ?? JSON.stringify(redactMessage(message, role));
    byRole.set(role, frame);
    return frame;
  };

  return async (app) => {
    app.get(
      '/api/events',
      { websocket: true, config: { access: 'signed-in' }, schema: { hide: true } },
      (socket, request) => {
        const query = Query.safeParse(request.query);
        const { stream, after } = query.success ? query.data : {};
        const viewer = signedIn(request);
        const missed = stream === undefined || after === undefined ? null : on.calls.since(stream, after);
        serve(socket, viewer, missed, on, frameFor);
      },
    );
  };
}

function serve(
  socket: WebSocket,
  viewer: SignedIn,
  missed: readonly LiveMessage[] | null,
  on: On,
  frameFor: (message: LiveMessage, role: Role) => string,
): void {
  const { account, sessionId } = viewer;
  const send = (frame: string) => {
    if (socket.bufferedAmount > unsentLimitBytes) socket.close(closeCodes.tooSlow, 'reading too slowly');
    else if (socket.readyState === socket.OPEN) socket.send(frame);
  };
  const tell = (message: LiveMessage) => {
    if (message.kind === 'call') on.cards.shown(account, message.call);
    send(frameFor(message, account.role));
  };

  if (missed) for (const message of missed) tell(message);
  else {
    const snapshot = on.calls.snapshot();
    for (const call of snapshot.calls) on.cards.shown(account, call);
    const calls: CallView[] = snapshot.calls.map((call) => redactCall(call, account.role));
    send(JSON.stringify({ kind: 'snapshot', ...snapshot, calls } satisfies ServerMessage));
  }
  const unsubscribe = on.calls.subscribe(tell);

  let answered = true;
  const beat = setInterval(async () => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
    send(JSON.stringify({ kind: 'beat', sequence: on.calls.sequence } satisfies ServerMessage));
    // Postgres away and the session no longer known here: leave the screen on, it is refused at its next request.
    const open = await on.sessions.find(sessionId).catch(() => viewer);
    if (!open) socket.close(closeCodes.sessionEnded, 'session ended');
  }, beatMs);
  socket.on('pong', () => {
    answered = true;
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    clearInterval(beat);
    unsubscribe();
  });
}

function redactMessage(message: LiveMessage, role: Role): ServerMessage {
  return message.kind === 'call' ? { ...message, call: redactCall(message.call, role) } : message;
}
