import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PromptFile } from '../ports.ts';
import type { RenderReply, RenderRequest } from './flite-worker.ts';

/** Turns text into a file that the media server plays. Files are cached by content: the same words render once. */
export interface Speech {
  /** Rejects when the voice cannot speak it; the same text asked twice at once renders once. */
  render(text: string): Promise<PromptFile>;
  close(): Promise<void>;
}

const voice = 'flite-slt-8k-1';

/** The local voice (Flite slt): nothing spoken leaves the machine. `folder` must be readable by the media server. */
export async function openSpeech(folder: string): Promise<Speech> {
  await mkdir(folder, { recursive: true });
  const worker = new Worker(new URL('./flite-worker.ts', import.meta.url));
  worker.unref();
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  const rendering = new Map<string, Promise<PromptFile>>();
  let lastId = 0;

  worker.on('message', (reply: RenderReply) => {
    const one = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.error === null) one?.resolve();
    else one?.reject(new Error(reply.error));
  });
  worker.on('error', (error) => {
    for (const one of waiting.values()) one.reject(error);
    waiting.clear();
  });

  async function renderOnce(text: string, file: string): Promise<PromptFile> {
    const id = ++lastId;
    const done = Promise.withResolvers<void>();
    waiting.set(id, done);
    worker.ref();
    worker.postMessage({ id, text, file } satisfies RenderRequest);
    try {
      await done.promise;
    } finally {
      if (waiting.size === 0) worker.unref();
    }
    return file;
  }

  return {
    render(text) {
      const key = createHash('sha256').update(`${voice}\n${text}`).digest('hex').slice(0, 32);
      const file = join(folder, `${key}.wav`);
      if (existsSync(file)) return Promise.resolve(file);
      const running = rendering.get(key) ?? renderOnce(text, file).finally(() => rendering.delete(key));
      rendering.set(key, running);
      return running;
    },
    async close() {
      await worker.terminate();
    },
  };
}
