import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Interleaved 16-bit PCM at 8 kHz: a tone a channel. */
export function stereoTone(leftHz: number, rightHz: number, fromSample: number, samples: number): Buffer {
  const pcm = Buffer.alloc(samples * 4);
  for (let index = 0; index < samples; index += 1) {
    const at = (2 * Math.PI * (fromSample + index)) / 8000;
    pcm.writeInt16LE(Math.round(8000 * Math.sin(at * leftHz)), index * 4);
    pcm.writeInt16LE(Math.round(8000 * Math.sin(at * rightHz)), index * 4 + 2);
  }
  return pcm;
}

/** Plays mod_audio_fork's part: metadata as text, then 20 ms binary frames. */
export class ForkingChannel {
  readonly socket: WebSocket;
  #sample = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
  }

  static async connect(url: string, metadata: object = {}, options: { ca?: Buffer } = {}): Promise<ForkingChannel> {
    const socket = new WebSocket(url, 'audio.drachtio.org', options);
    await once(socket, 'open');
    socket.send(JSON.stringify(metadata));
    return new ForkingChannel(socket);
  }

  /** Sends `ms` of tones in 20 ms frames, `speed` times as fast as a call. */
  async talk(ms: number, options: { speed?: number; left?: number; right?: number } = {}): Promise<void> {
    const { speed = 20, left = 440, right = 1000 } = options;
    const began = performance.now();
    for (let sent = 0; sent < ms; sent += 20) {
      const wait = began + sent / speed - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      this.socket.send(stereoTone(left, right, this.#sample, 160));
      this.#sample += 160;
    }
  }

  /** Ends as the module does on `stop`. */
  async hangUp(): Promise<void> {
    this.socket.close(1000);
    await once(this.socket, 'close');
  }
}

/** Power of `hz` in one channel of stereo 16-bit PCM, 0 to 1 of all (Goertzel). */
export function share(pcm: Buffer, channel: 0 | 1, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / 8000);
  let [one, two, all] = [0, 0, 0];
  const samples = Math.floor(pcm.length / 4);
  for (let index = 0; index < samples; index += 1) {
    const sample = pcm.readInt16LE(index * 4 + channel * 2);
    all += sample * sample;
    [one, two] = [sample + coefficient * one - two, one];
  }
  return all === 0 ? 0 : (2 * (one * one + two * two - coefficient * one * two)) / (all * samples);
}
