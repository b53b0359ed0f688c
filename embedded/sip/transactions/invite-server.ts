import { assertNever, type Env, failed, type Step, send, start, step, stop, timeout } from './machine.ts';

/*
 * RFC 3261 §17.2.1 with the Accepted state of RFC 6026 §7.1. Repeating a 2xx is the layer's (§13.3.1.4).
 *
 *   proceeding ── 300–699 ──► completed ── ACK ──► confirmed ── I ──► terminated
 *       │                       │ G: resend, H: no ACK came
 *       └── 2xx ──► accepted ── L ──► terminated
 */
export type InviteServerState =
  | { readonly name: 'proceeding'; readonly answered: boolean }
  | { readonly name: 'completed'; readonly intervalMs: number }
  | { readonly name: 'confirmed' }
  | { readonly name: 'accepted' }
  | { readonly name: 'terminated' };

export type ServerInput<Timer extends string> =
  /** The request again. */
  | { readonly name: 'request' }
  | { readonly name: 'ack' }
  | { readonly name: 'respond'; readonly status: number }
  | { readonly name: 'timer'; readonly timer: Timer }
  | { readonly name: 'transportError' };

type Input = ServerInput<'G' | 'H' | 'I' | 'L'>;

export function stepInviteServer(state: InviteServerState, input: Input, env: Env): Step<InviteServerState> {
  const { t1, t2, t4 } = env.timing;
  switch (state.name) {
    case 'proceeding':
      if (input.name === 'request') return state.answered ? step(state, send) : step(state);
      if (input.name === 'transportError') return step({ name: 'terminated' }, failed);
      if (input.name !== 'respond') return step(state);
      if (input.status < 200) return step({ name: 'proceeding', answered: true }, send);
      if (input.status < 300) return step({ name: 'accepted' }, send, start('L', 64 * t1));
      return env.reliable
        ? step({ name: 'completed', intervalMs: t1 }, send, start('H', 64 * t1))
        : step({ name: 'completed', intervalMs: t1 }, send, start('G', t1), start('H', 64 * t1));
    case 'completed':
      switch (input.name) {
        case 'request':
          return step(state, send);
        case 'ack':
          // I is 0 on a reliable transport: no further ACK can come.
          if (env.reliable) return step({ name: 'terminated' });
          return step({ name: 'confirmed' }, stop('G'), stop('H'), start('I', t4));
        case 'timer': {
          if (input.timer === 'H') return step({ name: 'terminated' }, timeout);
          const intervalMs = Math.min(2 * state.intervalMs, t2);
          return step({ name: 'completed', intervalMs }, send, start('G', intervalMs));
        }
        case 'transportError':
          return step({ name: 'terminated' }, failed);
        case 'respond':
          return step(state);
        default:
          return assertNever(input);
      }
    case 'confirmed':
      return input.name === 'timer' && input.timer === 'I' ? step({ name: 'terminated' }) : step(state);
    case 'accepted':
      // RFC 6026 §7.1: the INVITE again is absorbed; a 2xx from the TU goes out.
      if (input.name === 'respond' && input.status >= 200 && input.status < 300) return step(state, send);
      if (input.name === 'timer' && input.timer === 'L') return step({ name: 'terminated' });
      return step(state);
    case 'terminated':
      return step(state);
    default:
      return assertNever(state);
  }
}
