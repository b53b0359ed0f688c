import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { ReaderClient } from '../../recordings/reader-client.ts';
import type { Role } from '../api-types.ts';
import { signedIn } from './guard.ts';
import { HttpProblem } from './problem.ts';
import { RecordingAccessSchema } from './schemas.ts';

/** The recordings reader process: it alone can decrypt, and it writes down every access before it opens anything. */
export type Reader = Pick<ReaderClient, 'open' | 'audio'>;

/** Roles that may listen, each time with a reason. */
export const listeners = ['nurse', 'provider', 'supervisor', 'privacy-officer'] as const satisfies readonly Role[];

type Access = { readonly recordingId: string; readonly accountId: number; readonly readerUrl: string };

const RecordingParams = z.object({ id: z.uuid() });

/** Plays recordings: one access with a reason, then as many ranges of it as the player asks for. */
export function recordingRoutes(on: { reader: Reader | null }): FastifyPluginAsyncZod {
  // As long as the reader's own permission lasts.
  const accesses = new LRUCache<string, Access>({ max: 1_000, ttl: 15 * 60_000 });

  return async (app) => {
    app.post(
      '/api/recordings/:id/accesses',
      {
        config: { access: listeners, rateLimit: { max: 30, timeWindow: '1 minute' } },
        schema: {
          summary:
            'Ask to hear a recording; audited with the reason. The address it answers plays for a quarter of an hour',
          params: RecordingParams,
          // In the body: a reason may name a patient and must not be in a URL.
          body: z.object({ reason: z.string().trim().min(5).max(300) }),
          response: { 201: RecordingAccessSchema },
        },
      },
      async (request, reply) => {
        const { account } = signedIn(request);
        const recordingId = request.params.id;
        const actor = `user:${account.login}`;
        const opened = await readerAnswers(on.reader, (reader) =>
          reader.open(recordingId, { actor, action: 'listen', reason: request.body.reason }),
        );
        if (opened.kind === 'refused') throw refusal(opened.status);
        const access = randomBytes(24).toString('base64url');
        accesses.set(access, { recordingId, accountId: account.id, readerUrl: opened.url });
        const { durationMs, gaps } = opened;
        return reply.code(201).send({ url: `/api/recordings/${recordingId}/audio?access=${access}`, durationMs, gaps });
      },
    );

    app.get(
      '/api/recordings/:id/audio',
      {
        config: { access: listeners },
        schema: {
          summary: 'The recording, or a range of it, as WAV: caller left, staff right',
          params: RecordingParams,
          querystring: z.object({ access: z.string().length(32) }),
          produces: ['audio/wav'],
        },
      },
      async (request, reply) => {
        const access = accesses.get(request.query.access);
        const { account } = signedIn(request);
        if (!access || access.recordingId !== request.params.id || access.accountId !== account.id) {
          throw new HttpProblem(404, 'Not found', 'ask for the recording again');
        }
        const { range } = request.headers;
        const audio = await readerAnswers(on.reader, (reader) =>
          reader.audio(access.readerUrl, range ? { range } : {}),
        );
        if (!audio.body || ![200, 206, 416].includes(audio.status)) {
          await audio.body?.cancel();
          throw refusal(audio.status);
        }
        for (const name of ['content-length', 'content-range', 'accept-ranges']) {
          const value = audio.headers.get(name);
          if (value !== null) reply.header(name, value);
        }
        return reply
          .code(audio.status)
          .type('audio/wav')
          .send(Readable.fromWeb(audio.body as ReadableStream));
      },
    );
  };
}

async function readerAnswers<T>(reader: Reader | null, ask: (reader: Reader) => Promise<T>): Promise<T> {
  const away = new HttpProblem(503, 'No reader', 'the recordings reader cannot be reached');
  if (!reader) throw away;
  try {
    return await ask(reader);
  } catch (cause) {
    away.cause = cause;
    throw away;
  }
}

function refusal(status: number): HttpProblem {
  if (status === 404) return new HttpProblem(404, 'Not found', 'no such recording, or its permission has run out');
  if (status === 410) return new HttpProblem(410, 'Gone', 'the recording has been destroyed');
  if (status === 503) return new HttpProblem(503, 'Not audited', 'nothing is played while the access cannot be stored');
  return new HttpProblem(502, 'Reader refused', 'the recordings reader could not open this recording');
}
