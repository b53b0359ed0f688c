import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { LiveCalls } from '../live-calls.ts';
import type { Metrics } from '../metrics.ts';
import { HttpProblem, sendProblem } from './problem.ts';
import { HealthSchema } from './schemas.ts';

/** Is it alive, can it take calls, what is sick, and the metrics for this machine's collector. */
export function healthRoutes(on: { calls: LiveCalls; metrics: Metrics }): FastifyPluginAsyncZod {
  return async (app) => {
    app.get('/healthz', { config: { access: 'public' }, schema: { hide: true } }, async () => ({ alive: true }));

    app.get('/readyz', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
      // Ready to take calls: database and EHR may be away (design.md §7).
      const { signaling, media } = on.calls.health;
      if (signaling && media) return { ready: true };
      return sendProblem(reply, 503, 'Not ready', signaling ? 'no media server' : 'no signaling server');
    });

    app.get('/metrics', { config: { access: 'public' }, schema: { hide: true } }, async (request, reply) => {
      if (!fromThisMachine(request)) throw new HttpProblem(404, 'Not found');
      return reply.type(on.metrics.registry.contentType).send(await on.metrics.registry.metrics());
    });

    app.get(
      '/api/health',
      {
        config: { access: 'signed-in' },
        schema: { summary: 'Which parts work', response: { 200: HealthSchema } },
      },
      async () => on.calls.health,
    );
  };
}

/** Not through a proxy on this machine, which would open it to everybody. */
function fromThisMachine(request: FastifyRequest): boolean {
  const { remoteAddress = '' } = request.socket;
  const proxied = 'x-forwarded-for' in request.headers || 'forwarded' in request.headers;
  return !proxied && /^(127\.|::1$|::ffff:127\.)/.test(remoteAddress);
}
