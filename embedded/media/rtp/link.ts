/* The way from this worker to another: one message a tick with the frames of every bridge that spans the two. */
import type { MessagePort } from 'node:worker_threads';
import type { RemotePeer } from './endpoint.ts';
import { frameSamples } from './jitter-buffer.ts';

type Batch = { ids: string[]; frames: Int16Array } | { id: string; digit: string; durationMs: number };

export class Link implements RemotePeer {
  readonly #port: MessagePort;
  #ids: string[] = [];
  #frames = new Int16Array(frameSamples * 16);

  constructor(port: MessagePort, receiver: RemotePeer) {
    this.#port = port;
    port.on('message', (batch: Batch) => {
      if ('digit' in batch) return receiver.digit(batch.id, batch.digit, batch.durationMs);
      batch.ids.forEach((id, index) => {
        receiver.frame(id, batch.frames.subarray(index * frameSamples, (index + 1) * frameSamples));
      });
    });
  }

  frame(id: string, pcm: Int16Array): void {
    const at = this.#ids.length * frameSamples;
    if (at === this.#frames.length) {
      const larger = new Int16Array(at * 2);
      larger.set(this.#frames);
      this.#frames = larger;
    }
    this.#frames.set(pcm, at);
    this.#ids.push(id);
  }

  digit(id: string, digit: string, durationMs: number): void {
    this.#port.postMessage({ id, digit, durationMs } satisfies Batch);
  }

  flush(): void {
    if (this.#ids.length === 0) return;
    const frames = this.#frames.slice(0, this.#ids.length * frameSamples);
    this.#port.postMessage({ ids: this.#ids, frames } satisfies Batch, [frames.buffer]);
    this.#ids = [];
  }
}
