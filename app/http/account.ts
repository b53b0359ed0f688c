import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Me } from '../api-types.ts';
import type { Audit } from '../audit.ts';
import type { Sessions, SignedIn } from '../auth/sessions.ts';
import { signedIn } from './guard.ts';
import { HttpProblem } from './problem.ts';
import { MeSchema } from './schemas.ts';

/** Log in, log out, who am I. */
export function accountRoutes(on: { sessions: Sessions; audit: Audit }): FastifyPluginAsyncZod {
  const me = ({ account }: SignedIn): Me => ({
    login: account.login,
    name: account.name,
    role: account.role,
    extension: account.extension,
    idleSeconds: on.sessions.idleSeconds,
  });

  return async (app) => {
    app.post(
      '/api/login',
      {
        // An address may be a whole clinic at the start of a shift; single accounts are guarded by their lock.
        config: { access: 'public', rateLimit: { max: 30, timeWindow: '1 minute' } },
        schema: {
          summary: 'Log in; sets the session cookie',
          body: z.object({ login: z.string().min(1).max(100), password: z.string().min(1).max(1_000) }),
          response: { 200: MeSchema },
        },
      },
      async (request) => {
        const opened = await on.sessions.open(request.body.login.trim(), request.body.password);
        if (opened === 'refused') {
          // The login as typed is not kept: people type their password there.
          await on.audit({ actor: 'system', action: 'login.refused', subject: 'console' });
          throw new HttpProblem(
            401,
            'Login refused',
            'login or password is wrong, or the account is locked for a while',
          );
        }
        const earlier = request.session.get('id');
        if (typeof earlier === 'string') await on.sessions.close(earlier);
        request.session.regenerate();
        request.session.set('id', opened.sessionId);
        await on.audit({ actor: `user:${opened.account.login}`, action: 'login', subject: 'console' });
        return me(opened);
      },
    );

    app.post(
      '/api/logout',
      { config: { access: 'signed-in' }, schema: { summary: 'End the session', response: { 204: z.null() } } },
      async (request, reply) => {
        const { sessionId, account } = signedIn(request);
        await on.sessions.close(sessionId);
        request.session.delete();
        await on.audit({ actor: `user:${account.login}`, action: 'logout', subject: 'console' });
        return reply.code(204).send(null);
      },
    );

    app.post(
      '/api/me/password',
      {
        config: { access: 'signed-in', rateLimit: { max: 10, timeWindow: '1 minute' } },
        schema: {
          summary: 'Change the own password; ends every session of the account',
          // NIST SP 800-63B §3.1.1.2: length, no composition rules.
          body: z.object({ current: z.string().min(1).max(1_000), next: z.string().min(15).max(1_000) }),
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const viewer = signedIn(request);
        const { current, next } = request.body;
        const actor = `user:${viewer.account.login}`;
        if ((await on.sessions.changePassword(viewer, current, next)) === 'refused') {
          await on.audit({ actor, action: 'password.refused', subject: 'console' });
          throw new HttpProblem(403, 'Refused', 'the current password is wrong, or the account is locked for a while');
        }
        request.session.delete();
        await on.audit({ actor, action: 'password.changed', subject: 'console' });
        return reply.code(204).send(null);
      },
    );

    app.get(
      '/api/me',
      { config: { access: 'signed-in' }, schema: { summary: 'Who is logged in', response: { 200: MeSchema } } },
      async (request) => me(signedIn(request)),
    );

    app.post(
      '/api/me/activity',
      {
        config: { access: 'signed-in' },
        schema: { summary: 'Somebody is at the screen: the idle time starts anew', response: { 204: z.null() } },
      },
      async (_request, reply) => reply.code(204).send(null),
    );
  };
}
