import { ack, assertNever, type Env, failed, pass, type Step, send, start, step, stop, timeout } from './machine.ts';

/*
 * RFC 3261 §17.1.1 with the Accepted state of RFC 6026 §7.2.
 *
 *   calling ── 1xx ──► proceeding ── 2xx ──► accepted ── M ──► terminated
 *      │ A: resend        │ 300–699            each 2xx goes up
 *      │ B: nobody        ▼
 *      └── 300–699 ──► completed ── D ──► terminated
 */
export type InviteClientState =
  | { readonly name: 'calling'; readonly intervalMs: number }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed' }
  | { readonly name: 'accepted' }
  | { readonly name: 'terminated' };

export type ClientInput<Timer extends string> =
  | { readonly name: 'begin' }
  | { readonly name: 'response'; readonly status: number }
  | { readonly name: 'timer'; readonly timer: Timer }
  | { readonly name: 'transportError' };

type Input = ClientInput<'A' | 'B' | 'D' | 'M'>;

export function stepInviteClient(state: InviteClientState, input: Input, env: Env): Step<InviteClientState> {
  const { t1 } = env.timing;
  switch (state.name) {
    case 'calling':
      switch (input.name) {
        case 'begin':
          return env.reliable
            ? step(state, send, start('B', 64 * t1))
            : step(state, send, start('A', t1), start('B', 64 * t1));
        case 'timer': {
          if (input.timer === 'B') return step({ name: 'terminated' }, timeout);
          const intervalMs = 2 * state.intervalMs; // no T2 cap for INVITE
          return step({ name: 'calling', intervalMs }, send, start('A', intervalMs));
        }
        case 'response':
          return answered(input.status, env);
        case 'transportError':
          return step({ name: 'terminated' }, failed);
        default:
          return assertNever(input);
      }
    case 'proceeding':
      if (input.name === 'response') return answered(input.status, env);
      if (input.name === 'transportError') return step({ name: 'terminated' }, failed);
      return step(state);
    case 'completed':
      if (input.name === 'response' && input.status >= 300) return step(state, ack);
      if (input.name === 'timer' && input.timer === 'D') return step({ name: 'terminated' });
      return step(state);
    case 'accepted':
      if (input.name === 'response' && input.status >= 200 && input.status < 300) return step(state, pass);
      if (input.name === 'timer' && input.timer === 'M') return step({ name: 'terminated' });
      return step(state);
    case 'terminated':
      return step(state);
    default:
      return assertNever(state);
  }
}

function answered(status: number, env: Env): Step<InviteClientState> {
  const { t1 } = env.timing;
  if (status < 200) return step({ name: 'proceeding' }, stop('A'), stop('B'), pass);
  if (status < 300) return step({ name: 'accepted' }, stop('A'), stop('B'), start('M', 64 * t1), pass);
  // D is 0 on a reliable transport: no response can come again (§17.1.1.2).
  if (env.reliable) return step({ name: 'terminated' }, ack, pass);
  return step({ name: 'completed' }, stop('A'), stop('B'), ack, pass, start('D', 64 * t1));
}
