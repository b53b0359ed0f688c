import type { AddressInfo } from 'node:net';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import secureSession from '@fastify/secure-session';
import swagger from '@fastify/swagger';
import websocket from '@fastify/websocket';
import { fastify } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { Db } from '../../db/db.ts';
import type { Audit } from '../audit.ts';
import { defaultLimits, type SessionLimits, Sessions } from '../auth/sessions.ts';
import type { LiveCalls } from '../live-calls.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { accountRoutes } from './account.ts';
import { auditRoutes } from './audit.ts';
import { callRoutes, type IdentityChange } from './calls.ts';
import { CardAudit } from './card-audit.ts';
import { contentSecurityPolicy, serveConsole } from './console-files.ts';
import { eventRoutes } from './events.ts';
import { guardRoutes } from './guard.ts';
import { healthRoutes } from './health.ts';
import { historyRoutes } from './history.ts';
import { openApiRoutes, withAccess } from './openapi.ts';
import { answerWithProblems } from './problem.ts';
import { type Reader, recordingRoutes } from './recordings.ts';
import { type DryRun, setupRoutes } from './setup.ts';

export type HttpOptions = {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly calls: LiveCalls;
  readonly db: Db;
  readonly audit: Audit;
  /** Null: recordings cannot be played. */
  readonly reader: Reader | null;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** 32 random bytes, the same after a restart: seals the session cookie. */
  readonly sessionKey: Buffer;
  /** Folder that `vite build console` wrote. */
  readonly consoleDist: string;
  /** Called when staff say who is calling: loads the card into the live call, stores the event. Returns at once. */
  readonly onIdentified: (change: IdentityChange) => void;
  /** Decides on an imagined call by the rules in force. */
  readonly dryRun: DryRun;
  readonly sessionLimits?: SessionLimits;
};

/** The console, its API and its WebSocket. Whoever started it closes it; open screens are closed with it. */
export async function startHttp(on: HttpOptions): Promise<{ readonly port: number; close(): Promise<void> }> {
  const app = fastify({ bodyLimit: 64 * 1024, forceCloseConnections: true }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  answerWithProblems(app, on.log);

  const sessions = new Sessions(on.db, on.sessionLimits ?? defaultLimits);
  const audit = countingFailures(on);
  const cards = new CardAudit(audit);

  await app.register(helmet, {
    contentSecurityPolicy: false,
    crossOriginEmbedderPolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('content-security-policy', contentSecurityPolicy(''));
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
  });
  await app.register(rateLimit, { global: false });
  await app.register(secureSession, {
    key: on.sessionKey,
    cookieName: 'chartline_session',
    expiry: (on.sessionLimits ?? defaultLimits).maxSeconds,
    cookie: { path: '/', httpOnly: true, sameSite: 'strict', secure: 'auto' },
  });
  await app.register(websocket, { options: { maxPayload: 1_024 } });
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Chartline', version: '1', description: 'Console API' } },
    transform: withAccess(jsonSchemaTransform),
  });
  guardRoutes(app, sessions);

  await app.register(accountRoutes({ sessions, audit }));
  await app.register(callRoutes({ calls: on.calls, db: on.db, audit, cards, onIdentified: on.onIdentified }));
  await app.register(historyRoutes({ db: on.db, audit }));
  await app.register(recordingRoutes({ reader: on.reader }));
  await app.register(auditRoutes({ db: on.db, audit: on.audit }));
  await app.register(setupRoutes({ db: on.db, dryRun: on.dryRun }));
  await app.register(healthRoutes({ calls: on.calls, metrics: on.metrics }));
  await app.register(eventRoutes({ calls: on.calls, sessions, cards }));
  await app.register(openApiRoutes);
  await serveConsole(app, on.consoleDist);

  await app.listen({ host: on.host, port: on.port });
  const { port } = app.server.address() as AddressInfo;
  return { port, close: () => app.close() };
}

/** Looking up who calls must not wait for a sick database: an audit that fails is counted and logged, the work goes on. */
function countingFailures(on: HttpOptions): Audit {
  return async (entry) => {
    try {
      await on.audit(entry);
    } catch (error) {
      on.metrics.auditFailuresTotal.inc();
      on.log.error({ action: entry.action, subject: entry.subject, error: (error as Error).name }, 'audit not stored');
    }
  };
}
