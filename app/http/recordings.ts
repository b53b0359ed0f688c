import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { findRecording } from '../../db/call-history.ts';
import type { Db } from '../../db/db.ts';
import type { Role } from '../api-types.ts';
import type { Audit } from '../audit.ts';
import { signedIn } from './guard.ts';
import { HttpProblem } from './problem.ts';

/** The recordings reader process: it alone can decrypt. */
export type ReaderAccess = { readonly url: string; readonly token: string };

/** Roles that may listen, each time with a reason. */
export const listeners = ['nurse', 'provider', 'supervisor', 'privacy-officer'] as const satisfies readonly Role[];

/** Plays recordings through the reader. Nothing is played that the audit could not note. */
export function recordingRoutes(on: { db: Db; audit: Audit; reader: ReaderAccess | null }): FastifyPluginAsyncZod {
  return async (app) => {
    // POST, not GET: the reason may name a patient and must not be in a URL.
    app.post(
      '/api/recordings/:id/audio',
      {
        config: { access: listeners, rateLimit: { max: 30, timeWindow: '1 minute' } },
        schema: {
          summary: 'The recording as WAV, caller left and staff right; the access is audited with its reason',
          params: z.object({ id: z.uuid() }),
          body: z.object({ reason: z.string().trim().min(5).max(300) }),
          produces: ['audio/wav'],
        },
      },
      async (request, reply) => {
        const { account } = signedIn(request);
        const { id } = request.params;
        const recording = await findRecording(on.db, id);
        if (!recording) throw new HttpProblem(404, 'Not found', 'no such recording');
        if (recording.state === 'destroyed') throw new HttpProblem(410, 'Gone', 'the recording has been destroyed');
        if (!on.reader) throw new HttpProblem(503, 'No reader', 'the recordings reader is not running');
        const actor = `user:${account.login}`;
        const { reason } = request.body;
        await on.audit({ actor, action: 'recording opened', subject: `recording:${id}`, detail: { reason } });
        const audio = await openAudio(on.reader, id, { actor, reason });
        return reply
          .type('audio/wav')
          .header('cache-control', 'no-store')
          .send(Readable.fromWeb(audio as ReadableStream));
      },
    );
  };
}

async function openAudio(
  reader: ReaderAccess,
  recordingId: string,
  access: { readonly actor: string; readonly reason: string },
) {
  const response = await fetch(new URL(`/recordings/${recordingId}/audio`, reader.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${reader.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...access, action: 'listen' }),
    // The first byte, not the whole recording, is due by then.
    signal: AbortSignal.timeout(60_000),
  }).catch((cause: unknown) => {
    throw Object.assign(new HttpProblem(503, 'No reader', 'the recordings reader cannot be reached'), { cause });
  });
  if (response.ok && response.body) return response.body;
  await response.body?.cancel();
  if (response.status === 404) throw new HttpProblem(404, 'Not found', 'the sealed file is not there');
  throw new HttpProblem(502, 'Reader refused', 'the recordings reader could not open this recording');
}
