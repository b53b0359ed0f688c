import type { ClientInput } from './invite-client.ts';
import { assertNever, type Env, failed, pass, type Step, send, start, step, stop, timeout } from './machine.ts';

/*
 * RFC 3261 §17.1.2.
 *
 *   trying ── 1xx ──► proceeding ── 200–699 ──► completed ── K ──► terminated
 *      │ E: resend         │ E: resend every T2
 *      └ F: nobody         └ F: nobody
 */
export type NonInviteClientState =
  | { readonly name: 'trying'; readonly intervalMs: number }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed' }
  | { readonly name: 'terminated' };

type Input = ClientInput<'E' | 'F' | 'K'>;

export function stepNonInviteClient(state: NonInviteClientState, input: Input, env: Env): Step<NonInviteClientState> {
  const { t1, t2, t4 } = env.timing;
  switch (state.name) {
    case 'trying':
    case 'proceeding':
      switch (input.name) {
        case 'begin':
          return env.reliable
            ? step(state, send, start('F', 64 * t1))
            : step(state, send, start('E', t1), start('F', 64 * t1));
        case 'timer': {
          if (input.timer === 'F') return step({ name: 'terminated' }, timeout);
          if (state.name === 'proceeding') return step(state, send, start('E', t2));
          const intervalMs = Math.min(2 * state.intervalMs, t2);
          return step({ name: 'trying', intervalMs }, send, start('E', intervalMs));
        }
        case 'response':
          if (input.status < 200) return step({ name: 'proceeding' }, pass);
          if (env.reliable) return step({ name: 'terminated' }, pass);
          return step({ name: 'completed' }, stop('E'), stop('F'), pass, start('K', t4));
        case 'transportError':
          return step({ name: 'terminated' }, failed);
        default:
          return assertNever(input);
      }
    case 'completed':
      return input.name === 'timer' && input.timer === 'K' ? step({ name: 'terminated' }) : step(state);
    case 'terminated':
      return step(state);
    default:
      return assertNever(state);
  }
}
