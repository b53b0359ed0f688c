import type { ServerInput } from './invite-server.ts';
import { assertNever, type Env, failed, type Step, send, start, step } from './machine.ts';

/*
 * RFC 3261 §17.2.2.
 *
 *   trying ── 1xx ──► proceeding ── 200–699 ──► completed ── J ──► terminated
 */
export type NonInviteServerState =
  | { readonly name: 'trying' }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed' }
  | { readonly name: 'terminated' };

export function stepNonInviteServer(
  state: NonInviteServerState,
  input: ServerInput<'J'>,
  env: Env,
): Step<NonInviteServerState> {
  switch (state.name) {
    case 'trying':
    case 'proceeding':
      if (input.name === 'request') return state.name === 'trying' ? step(state) : step(state, send);
      if (input.name === 'transportError') return step({ name: 'terminated' }, failed);
      if (input.name !== 'respond') return step(state);
      if (input.status < 200) return step({ name: 'proceeding' }, send);
      if (env.reliable) return step({ name: 'terminated' }, send);
      return step({ name: 'completed' }, send, start('J', 64 * env.timing.t1));
    case 'completed':
      if (input.name === 'request') return step(state, send);
      if (input.name === 'timer') return step({ name: 'terminated' });
      if (input.name === 'transportError') return step({ name: 'terminated' }, failed);
      return step(state);
    case 'terminated':
      return step(state);
    default:
      return assertNever(state);
  }
}
