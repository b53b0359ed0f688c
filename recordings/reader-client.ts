import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** In the data folder; written by the reader, read by the app and the command line. */
export const tokenFile = 'reader.token';

export type OpenedAudio = {
  /** Path on the reader, good for a quarter of an hour; needs the token too. */
  readonly url: string;
  readonly durationMs: number;
  readonly state: string;
  readonly gaps: readonly { readonly atMs: number; readonly lengthMs: number; readonly reason: string }[];
  readonly startedAt: string;
};

export type ReaderRefusal = { readonly kind: 'refused'; readonly status: number; readonly detail: string };

/** Asks the reader process, which alone can open recordings and writes down who asked. */
export class ReaderClient {
  readonly #dataFolder: string;
  readonly #baseUrl: string;

  constructor(options: { readonly dataFolder: string; readonly port: number }) {
    this.#dataFolder = options.dataFolder;
    this.#baseUrl = `http://127.0.0.1:${options.port}`;
  }

  /** Opens one recording for somebody with a reason. Rejects when the reader is away. */
  async open(
    recordingId: string,
    access: { readonly actor: string; readonly action: 'listen' | 'export'; readonly reason: string },
  ): Promise<({ readonly kind: 'opened' } & OpenedAudio) | ReaderRefusal> {
    const response = await this.#post(`/recordings/${recordingId}/accesses`, access);
    if (response.status !== 201) return refusal(response);
    return { kind: 'opened', ...((await response.json()) as OpenedAudio) };
  }

  /** The WAV behind `url`, or the part of it that `range` (an HTTP Range header) names. */
  async audio(
    url: string,
    options: { readonly range?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Response> {
    const headers = { ...(await this.#authorization()), ...(options.range ? { range: options.range } : {}) };
    return fetch(`${this.#baseUrl}${url}`, { headers, ...(options.signal ? { signal: options.signal } : {}) });
  }

  /** Null when every frame of it opens, else why not. Audited, not counted as heard. */
  async check(recordingId: string, by: { readonly actor: string; readonly reason: string }): Promise<string | null> {
    const response = await this.#post(`/recordings/${recordingId}/check`, by);
    return response.status === 200 ? null : (await refusal(response)).detail;
  }

  /** Makes a new key pair and re-seals every recording's key to it. */
  async rotateKeys(by: {
    readonly actor: string;
    readonly reason: string;
  }): Promise<{ readonly kind: 'rotated'; readonly resealed: number } | ReaderRefusal> {
    const response = await this.#post('/keys/rotate', by);
    if (response.status !== 200) return refusal(response);
    return { kind: 'rotated', ...((await response.json()) as { resealed: number }) };
  }

  async #post(path: string, body: object): Promise<Response> {
    const headers = { ...(await this.#authorization()), 'content-type': 'application/json' };
    return fetch(`${this.#baseUrl}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async #authorization(): Promise<{ authorization: string }> {
    const token = await readFile(join(this.#dataFolder, tokenFile), 'utf8');
    return { authorization: `Bearer ${token.trim()}` };
  }
}

async function refusal(response: Response): Promise<ReaderRefusal> {
  const { detail } = (await response.json().catch(() => ({}))) as { detail?: string };
  return { kind: 'refused', status: response.status, detail: detail ?? response.statusText };
}
