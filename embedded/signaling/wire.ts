import { ByteQueue } from '../sip/byte-queue.ts';
import type { Flow } from '../sip/transport.ts';

/*
 * The frames between drachtio-srf and its server: `<bytes>#<payload>`, payload = fields joined by `|`, then optionally
 * CRLF and a SIP message. Text is latin1 as everywhere in the engine, so bytes are characters.
 */

/** Cuts a TCP stream into payloads. */
export class FrameReader {
  readonly #bytes = new ByteQueue();

  /** Whole payloads that `chunk` completes, in order; null when the stream is no longer framed and must be closed. */
  push(chunk: Buffer): string[] | null {
    this.#bytes.push(chunk);
    const payloads: string[] = [];
    for (;;) {
      const head = this.#bytes.peek(0, Math.min(6, this.#bytes.length));
      const hash = head.indexOf('#');
      // At most five digits, as the real server has it: 99,999 bytes.
      if (!/^\d{0,5}(#|$)/.test(head) || hash === 0) return null;
      if (hash < 0) return payloads;
      const length = Number(head.slice(0, hash));
      if (length === 0) return null;
      if (this.#bytes.length < hash + 1 + length) return payloads;
      payloads.push(this.#bytes.shift(hash + 1 + length).slice(hash + 1));
    }
  }
}

export function frame(payload: string): string {
  return `${payload.length}#${payload}`;
}

/** UTC time of day as the frames carry it, `HH:MM:SS.uuuuuu`. */
export function timeOfDay(): string {
  const micros = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const iso = new Date(Math.floor(micros / 1000)).toISOString();
  return `${iso.slice(11, 23)}${String(micros % 1000).padStart(3, '0')}`;
}

/** Fields 2–7 of a `sip` frame: whose message it is, and where it came from. */
export function origin(source: 'network' | 'application', bytes: number, flow: Flow, end: 'remote' | 'local'): string {
  const { address, port } = flow[end];
  return `${source}|${bytes}|${flow.protocol}|${address}|${port}|${timeOfDay()}`;
}

/** The same for a response that the engine made because none came. */
export function fabricated(flow: Flow | null): string {
  return `network|0|${flow?.protocol ?? 'unknown'}||0|${timeOfDay()}`;
}
