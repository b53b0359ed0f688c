import type {} from '@fastify/secure-session';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Role } from '../api-types.ts';
import type { Sessions, SignedIn } from '../auth/sessions.ts';
import { HttpProblem } from './problem.ts';

/** Who may call a route. Every route under /api declares it, or the server does not start. */
export type Access = 'public' | 'signed-in' | readonly Role[];

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Null only on public routes. */
    signedIn: SignedIn | null;
  }
}
declare module '@fastify/secure-session' {
  interface SessionData {
    id: string;
  }
}

/** Refuses forged origins, requests without a session, and roles that a route does not name. */
export function guardRoutes(app: FastifyInstance, sessions: Sessions): void {
  app.decorateRequest('signedIn', null);
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api') && !route.config?.access) throw new Error(`${route.url} declares no access`);
  });
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access;
    if (!access) return;
    if (changesState(request) && !sameOrigin(request)) {
      throw new HttpProblem(403, 'Forbidden', 'the request came from another site');
    }
    if (access === 'public') return;
    const sessionId = request.session.get('id');
    request.signedIn = typeof sessionId === 'string' ? await sessions.find(sessionId) : null;
    if (!request.signedIn) throw new HttpProblem(401, 'Not logged in');
    if (access !== 'signed-in' && !access.includes(request.signedIn.account.role)) {
      throw new HttpProblem(403, 'Forbidden', 'your role may not do this');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') await sessions.touch(request.signedIn.sessionId);
  });
}

/** The session of a route that is not public. */
export function signedIn(request: FastifyRequest): SignedIn {
  if (!request.signedIn) throw new HttpProblem(401, 'Not logged in');
  return request.signedIn;
}

function changesState(request: FastifyRequest): boolean {
  return request.ws || !['GET', 'HEAD', 'OPTIONS'].includes(request.method);
}

/** Browsers always send Origin with a POST and with a WebSocket (RFC 6454 §7.3, RFC 6455 §10.2); other clients carry no cookie they did not choose to. */
function sameOrigin(request: FastifyRequest): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return request.headers['sec-fetch-site'] === undefined;
  return URL.canParse(origin) && new URL(origin).host === request.host;
}
