import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import { sampleRate } from '../blocks.ts';
import { type Access, type LibraryParts, type OpenedRecording, openRecording } from './library.ts';
import { pcmBetween, wavBytesPerSample, wavHeader } from './wav.ts';

/*
 * HTTP on the loopback, bearer token on every request:
 *   POST /recordings/<id>/accesses  {actor, action: listen|export, reason}  → 201 {url, durationMs, …}, audited
 *   GET  <url>[?from=seconds]       [Range]                                 → WAV, as often as asked for a quarter of an hour
 *   POST /recordings/<id>/audio     {actor, action, reason}                 → WAV at once, audited
 *   POST /recordings/<id>/check     {actor, reason}                         → 200 when every frame of it opens, audited
 *   POST /keys/rotate               {actor, reason}                         → 200 {resealed}
 * A player asks for many ranges of one recording; that is one access.
 */
const grantMs = 15 * 60_000;
const maxBodyBytes = 4096;

const AccessBody = z.object({
  actor: z.string().trim().min(1).max(200),
  action: z.enum(['listen', 'export']),
  reason: z.string().trim().min(1).max(500),
});
const ByBody = AccessBody.omit({ action: true });

export type ReaderParts = LibraryParts & {
  readonly port: number;
  readonly token: string;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Makes a new key pair and re-seals every recording's key to it; resolves with how many. */
  readonly rotate: (by: { readonly actor: string; readonly reason: string }) => Promise<number>;
  readonly denied: (actor: string, because: string) => Promise<void>;
};

type Grant = { readonly recording: OpenedRecording; readonly comment: string | null; readonly expiresMs: number };
type Answer = { readonly status: number; readonly body: object };

/** Listens on 127.0.0.1. Throws one line that names the setting when the port is taken. */
export async function startReader(parts: ReaderParts): Promise<{ port: number; close: () => Promise<void> }> {
  const grants = new Map<string, Grant>();
  const server: Server = createServer((request, response) => {
    handle(request, response, grants, parts).catch((error: Error) => {
      parts.log.error({ err: error }, 'reader request failed');
      if (response.headersSent) response.destroy();
      else send(response, { status: 503, body: problem('nothing is played while the access cannot be stored') });
    });
  });
  server.listen(parts.port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (cause) {
    const because = (cause as NodeJS.ErrnoException).code ?? 'failed';
    throw new Error(`reader cannot listen on 127.0.0.1:${parts.port} (${because}); see CHARTLINE_READER_PORT`, {
      cause,
    });
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  grants: Map<string, Grant>,
  parts: ReaderParts,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://reader');
  if (!bears(request, parts.token)) {
    parts.log.warn({ method: request.method }, 'reader refused a request without its token');
    await parts.denied('unauthenticated', 'no or wrong token');
    return send(response, { status: 401, body: problem('token missing or wrong') });
  }
  const [, id = '', what] = /^\/recordings\/([0-9a-f-]{36})\/(accesses|audio|check)$/.exec(url.pathname) ?? [];
  if (what && request.method === 'POST') return open(id, what, request, response, grants, parts);
  const granted = grants.get(/^\/audio\/([\w-]{32})\.wav$/.exec(url.pathname)?.[1] ?? '');
  if (granted && granted.expiresMs > Date.now() && (request.method === 'GET' || request.method === 'HEAD')) {
    return play(request, response, granted, url.searchParams.get('from'));
  }
  if (url.pathname === '/keys/rotate' && request.method === 'POST') {
    const by = ByBody.safeParse(await bodyOf(request));
    if (!by.success) return send(response, { status: 400, body: problem(z.prettifyError(by.error)) });
    return send(response, { status: 200, body: { resealed: await parts.rotate(by.data) } });
  }
  send(response, { status: 404, body: problem('no such thing, or its access has expired') });
}

async function open(
  id: string,
  what: string,
  request: IncomingMessage,
  response: ServerResponse,
  grants: Map<string, Grant>,
  parts: ReaderParts,
): Promise<void> {
  const body = await bodyOf(request);
  const by = ByBody.safeParse(body);
  const access =
    what === 'check' && by.success ? { data: { ...by.data, action: 'check' as const } } : AccessBody.safeParse(body);
  if (!access.data) return send(response, { status: 400, body: problem(z.prettifyError(access.error)) });
  const result = await openRecording(id, access.data, parts);
  switch (result.kind) {
    case 'unknown':
      return send(response, { status: 404, body: problem('no such recording') });
    case 'destroyed':
      return send(response, { status: 410, body: problem('destroyed') });
    case 'unopenable':
      return send(response, { status: 422, body: problem(result.because) });
    case 'opened': {
      const opened = grantOf(result.recording, access.data);
      if (what === 'audio') return play(request, response, opened, null);
      const { state, gaps, startedAt, samples } = opened.recording;
      const about = { durationMs: Math.floor((samples / sampleRate) * 1000), state, gaps, startedAt };
      if (what === 'check') return send(response, { status: 200, body: about });
      for (const [token, { expiresMs }] of grants) if (expiresMs <= Date.now()) grants.delete(token);
      const token = randomBytes(24).toString('base64url');
      grants.set(token, opened);
      return send(response, { status: 201, body: { url: `/audio/${token}.wav`, ...about } });
    }
  }
}

function grantOf(recording: OpenedRecording, { actor, action, reason }: Access): Grant {
  const exported = `Recording ${recording.id} exported ${new Date().toISOString()} by ${actor}: ${reason}. Confidential.`;
  return { recording, comment: action === 'export' ? exported : null, expiresMs: Date.now() + grantMs };
}

/** RFC 9110 §14: one byte range; place in the file is place in time, so a player seeks by it. */
async function play(
  request: IncomingMessage,
  response: ServerResponse,
  { recording, comment }: Grant,
  fromSeconds: string | null,
): Promise<void> {
  const first = Math.min(recording.samples, Math.max(0, Math.floor(Number(fromSeconds ?? 0) * sampleRate) || 0));
  const header = wavHeader(recording.samples - first, comment);
  const size = header.length + (recording.samples - first) * wavBytesPerSample;
  const range = rangeOf(request.headers.range, size);
  const common = { 'Accept-Ranges': 'bytes', 'Cache-Control': 'no-store' };
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...common, 'Content-Range': `bytes */${size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  response.writeHead(range ? 206 : 200, {
    ...common,
    'Content-Type': 'audio/wav',
    'Content-Length': end - start + 1,
    ...(range ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(Readable.from(wavBytes(recording, first, header, start, end)), response).catch((error) => {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error; // the player left
  });
}

/** Bytes `start` to `end`, both included, of the WAV file that begins at sample `first`. */
async function* wavBytes(
  recording: OpenedRecording,
  first: number,
  header: Buffer,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  if (start < header.length) yield header.subarray(start, end + 1);
  if (end < header.length) return;
  const dataStart = Math.max(0, start - header.length);
  const dataEnd = end + 1 - header.length;
  const from = Math.floor(dataStart / wavBytesPerSample);
  const to = Math.ceil(dataEnd / wavBytesPerSample);
  let at = from * wavBytesPerSample;
  for await (const pcm of pcmBetween(recording.blocks(), recording.law, first + from, first + to)) {
    yield pcm.subarray(Math.max(0, dataStart - at), dataEnd - at);
    at += pcm.length;
  }
}

function rangeOf(header: string | undefined, size: number): { start: number; end: number } | 'unsatisfiable' | null {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!asked || (asked[1] === '' && asked[2] === '')) return null; // RFC 9110 §14.2: what is not understood is ignored
  const suffix = asked[1] === '';
  const start = suffix ? Math.max(0, size - Number(asked[2])) : Number(asked[1]);
  const end = suffix || asked[2] === '' ? size - 1 : Math.min(size - 1, Number(asked[2]));
  return start <= end && start < size ? { start, end } : 'unsatisfiable';
}

function bears(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) {
    text += piece;
    if (text.length > maxBodyBytes) return null;
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function problem(detail: string): object {
  return { type: 'about:blank', title: 'Recordings reader', detail };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
