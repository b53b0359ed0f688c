import type { FastifyInstance, FastifyReply } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { Problem } from '../api-types.ts';
import type { Logger } from '../log.ts';

/** A refusal the client can read (RFC 9457). `detail` is shown to staff: plain words, no patient data. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;

  constructor(status: number, title: string, detail?: string) {
    super(title);
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

export function sendProblem(reply: FastifyReply, status: number, title: string, detail?: string): FastifyReply {
  // RFC 9457 §4.2.1: about:blank, the title says what the status says.
  const problem: Problem = { type: 'about:blank', title, status, ...(detail === undefined ? {} : { detail }) };
  return reply.code(status).type('application/problem+json').serializer(JSON.stringify).send(problem);
}

/** Makes every error of `app` a problem: thrown, invalid input, unknown path, too many requests, too large. */
export function answerWithProblems(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler((error: Error & { statusCode?: number; status?: number }, request, reply) => {
    if (error instanceof HttpProblem) return sendProblem(reply, error.status, error.title, error.detail);
    if (hasZodFastifySchemaValidationErrors(error)) {
      // Paths only: the values may be patient data or a password.
      const fields = error.validation.map((issue) => issue.instancePath.replace(/^\//, '') || 'request').join(', ');
      return sendProblem(reply, 400, 'Bad request', `not valid: ${fields}`);
    }
    const status = error.statusCode ?? 500;
    if (status === 429) return sendProblem(reply, 429, 'Too many requests', 'wait a minute and try again');
    if (status < 500) return sendProblem(reply, status, titles[status] ?? 'Bad request');
    log.error({ route: request.routeOptions.url, error: describe(error) }, 'request failed');
    if (databaseIsAway(error)) {
      return sendProblem(reply, 503, 'Database away', 'the call database cannot be reached; calls are still routed');
    }
    return sendProblem(reply, 500, 'Internal error');
  });
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  404: 'Not found',
  405: 'Method not allowed',
  413: 'Too large',
  415: 'Unsupported media type',
};

// What pg and the socket below it throw when the server is gone; class 08, 57P0x and 53300 of SQLSTATE.
const away = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|ENOENT|08|57P0|53300)/;

function databaseIsAway(error: Error & { code?: unknown }): boolean {
  if (typeof error.code === 'string') return away.test(error.code);
  // pg gives its own time-outs and a dropped connection no code.
  return /connection (timeout|terminated)|timeout exceeded when trying to connect/i.test(error.message);
}

/** Kind and place of the error; messages of Postgres and FHIR may quote patient data. */
function describe(error: Error & { code?: unknown }): { name: string; code: unknown; at: string | undefined } {
  return { name: error.name, code: error.code, at: error.stack?.split('\n').find((line) => line.includes('    at ')) };
}
