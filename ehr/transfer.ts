import { FhirFailure } from './fhir-failure.ts';

export type TransferOptions = {
  /** Nothing is ever asked of another origin. */
  readonly origin: string;
  /** Bytes of an answer, after decompression. */
  readonly maxBytes: number;
};

const MAX_REDIRECTS = 3;

/** One HTTP exchange: the answer's JSON, or a `FhirFailure`. Bounded in size, pinned to one origin. */
export async function transfer(url: string, init: RequestInit, options: TransferOptions): Promise<unknown> {
  const response = await follow(url, init, options);
  const text = await readText(response, options.maxBytes);
  if (!response.ok) throw failureOf(response);
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new FhirFailure('malformed', { status: response.status, message: 'answer is not whole JSON' });
  }
}

/** An open answer whose body is the caller's to read; a status that is no success is a `FhirFailure`. */
export async function open(
  url: string,
  init: RequestInit,
  options: Pick<TransferOptions, 'origin'>,
): Promise<Response> {
  const response = await follow(url, init, options);
  if (response.ok) return response;
  await response.body?.cancel();
  throw failureOf(response);
}

async function follow(url: string, init: RequestInit, options: Pick<TransferOptions, 'origin'>): Promise<Response> {
  let target = new URL(url);
  for (let hops = 0; ; hops++) {
    if (target.origin !== options.origin)
      throw new FhirFailure('unsafe', { message: 'a link or redirect points to another server' });
    const response = await exchange(target, init);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    if (init.method !== 'GET' || hops === MAX_REDIRECTS || !URL.canParse(location, target.href))
      throw new FhirFailure('unsafe', { status: response.status, message: 'redirect not followed' });
    target = new URL(location, target);
  }
}

async function exchange(target: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(target, { ...init, redirect: 'manual' });
  } catch (cause) {
    throw networkFailure(cause);
  }
}

/** The bytes of an open answer as they come; what breaks them off is a `FhirFailure`. */
export async function* bytesOf(response: Response): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body ?? [];
  } catch (cause) {
    throw networkFailure(cause);
  }
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of bytesOf(response)) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new FhirFailure('too-large', { message: `more than ${maxBytes} bytes` });
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function networkFailure(cause: unknown): FhirFailure {
  const { name } = cause as Error;
  if (name === 'TimeoutError') return new FhirFailure('timeout', { cause });
  if (name === 'AbortError') return new FhirFailure('cancelled', { cause });
  return new FhirFailure('unreachable', { cause });
}

function failureOf(response: Response): FhirFailure {
  const { status } = response;
  const retryAfterMs = retryAfter(response.headers.get('retry-after'));
  if (status === 429 || (status === 503 && retryAfterMs !== null))
    return new FhirFailure('throttled', { status, retryAfterMs });
  // 501: it will never do this, which is no sickness.
  if (status >= 500 && status !== 501) return new FhirFailure('server-error', { status });
  return new FhirFailure(status === 401 ? 'unauthorized' : 'refused', { status });
}

/** Milliseconds to wait, from seconds or an HTTP date (RFC 9110 §10.2.3). */
function retryAfter(header: string | null): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
