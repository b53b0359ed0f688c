/* The rig of the media engine's tests: both engines, a real drachtio-srf and drachtio-fsmrf, and RTP peers that hear. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Srf from 'drachtio-srf';
import { wavHeader } from '../../embedded/media/audio/wav.ts';
import { type MediaEngine, type MediaEngineOptions, startMediaEngine } from '../../embedded/media/engine.ts';
import { decodeTable, encode, type Law, payloadTypeOf } from '../../embedded/media/rtp/g711.ts';
import { type SignalingEngine, startSignalingEngine } from '../../embedded/signaling/engine.ts';

const require = createRequire(import.meta.url);
// biome-ignore lint/suspicious/noExplicitAny: drachtio-fsmrf ships no types
const Mrf: any = require('drachtio-fsmrf');

/** drachtio-fsmrf's endpoint and media server, untyped as they come. */
// biome-ignore lint/suspicious/noExplicitAny: drachtio-fsmrf ships no types
export type Untyped = any;

const quiet = { info() {}, warn() {}, error() {} };
const host = '127.0.0.1';

export type Rig = {
  readonly srf: Untyped;
  readonly ms: Untyped;
  readonly media: MediaEngine;
  readonly signaling: SignalingEngine;
  stop(): Promise<void>;
};

/** Signaling and a connected app in front of a media engine whose event socket is at `eslPort`. */
export async function connectRig(
  eslPort: number,
): Promise<{ srf: Untyped; ms: Untyped; signaling: SignalingEngine; close(): void }> {
  const signaling = await startSignalingEngine({
    sipHost: host,
    sipPort: 0,
    adminHost: host,
    adminPort: 0,
    secret: 'rig',
    log: quiet,
  });
  const srf: Untyped = new Srf();
  srf.on('error', () => {});
  srf.connect({ host, port: signaling.adminPort, secret: 'rig' });
  await once(srf, 'connect');
  const ms = await new Mrf(srf).connect({
    address: host,
    port: eslPort,
    secret: 'rig',
    listenAddress: host,
    listenPort: await freePort(),
  });
  return {
    srf,
    ms,
    signaling,
    close() {
      ms.disconnect();
      srf.disconnect();
    },
  };
}

export async function startRig(options: Partial<MediaEngineOptions> = {}): Promise<Rig> {
  const rtpMin = 24_000 + 2 * Math.floor(Math.random() * 10_000);
  const media = await startMediaEngine({
    sipHost: host,
    sipPort: 0,
    eslHost: host,
    eslPort: 0,
    eslSecret: 'rig',
    rtpHost: host,
    rtpMin,
    rtpMax: rtpMin + 999,
    log: quiet,
    ...options,
  });
  const rig = await connectRig(media.eslPort);
  return {
    ...rig,
    media,
    async stop() {
      rig.close();
      await media.stop();
      await rig.signaling.stop();
    },
  };
}

/** Writes a WAV of `seconds` of a tone into `folder` and returns its path. */
export async function writeTone(
  folder: string,
  tone: { frequency: number; seconds: number; rate?: number; channels?: number },
): Promise<string> {
  const { frequency, seconds, rate = 8000, channels = 1 } = tone;
  const samples = Math.round(seconds * rate);
  const data = Buffer.alloc(samples * channels * 2);
  for (let i = 0; i < samples; i++) {
    const value = Math.round(8000 * Math.sin((2 * Math.PI * frequency * i) / rate));
    for (let channel = 0; channel < channels; channel++) data.writeInt16LE(value, (i * channels + channel) * 2);
  }
  const path = join(folder, `tone-${frequency}-${seconds}-${rate}-${channels}.wav`);
  await writeFile(path, Buffer.concat([wavHeader(rate, channels, data.length), data]));
  return path;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export type Received = {
  readonly at: number;
  readonly type: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
};

/** A phone's RTP: plays a tone, keeps what it hears. */
export class RtpPeer {
  readonly packets: Received[] = [];
  readonly #socket: Socket;
  readonly law: Law;
  readonly #waiting = new Set<() => void>();
  #sequence = Math.floor(Math.random() * 60_000);
  #timestamp = Math.floor(Math.random() * 1e9);
  #phase = 0;
  #timer: NodeJS.Timeout | undefined;
  #remotePort = 0;
  ssrc = Math.floor(Math.random() * 0xffffffff);

  private constructor(socket: Socket, law: Law) {
    this.#socket = socket;
    this.law = law;
    socket.on('message', (packet) => {
      // Peers' ports may be neighbours: one's RTCP is then sent to the other (RFC 5761 §4 tells them apart).
      const type = (packet[1] as number) & 0x7f;
      if (type >= 64 && type < 96) return;
      this.packets.push({
        at: performance.now(),
        type: (packet[1] as number) & 0x7f,
        marker: (packet[1] as number) > 0x7f,
        sequence: packet.readUInt16BE(2),
        timestamp: packet.readUInt32BE(4),
        ssrc: packet.readUInt32BE(8),
        payload: Buffer.from(packet.subarray(12)),
      });
      for (const check of this.#waiting) check();
    });
  }

  static async open(law: Law = 'PCMU'): Promise<RtpPeer> {
    const socket = createSocket('udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new RtpPeer(socket, law);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** An SDP that offers our law first and the other after it. */
  sdp(lines = 'a=sendrecv', types = this.law === 'PCMU' ? '0 8' : '8'): string {
    return [
      'v=0',
      'o=- 100 1 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=audio ${this.port} RTP/AVP ${types} 101`,
      ...types.split(' ').map((type) => `a=rtpmap:${type} ${type === '0' ? 'PCMU' : 'PCMA'}/8000`),
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-16',
      lines,
      'a=ptime:20',
      '',
    ].join('\r\n');
  }

  /** Plays tones to the port that `sdp` names until `stopTone`. 0 is silence. */
  startTone(sdp: string, ...frequencies: number[]): void {
    this.connect(sdp);
    clearInterval(this.#timer);
    const start = performance.now();
    let sent = 0;
    const pcm = new Int16Array(160);
    this.#timer = setInterval(() => {
      for (; sent < (performance.now() - start) / 20; sent++) {
        for (let i = 0; i < 160; i++, this.#phase++) {
          const sines = frequencies.map((frequency) => Math.sin((2 * Math.PI * frequency * this.#phase) / 8000));
          pcm[i] = (8000 * sines.reduce((sum, sine) => sum + sine, 0)) / sines.length;
        }
        const payload = Buffer.alloc(160);
        encode(this.law, pcm, 160, payload, 0);
        this.send(payloadTypeOf[this.law], payload, this.#timestamp, false);
        this.#timestamp = (this.#timestamp + 160) >>> 0;
      }
    }, 5);
  }

  stopTone(): void {
    clearInterval(this.#timer);
  }

  connect(sdp: string): void {
    this.#remotePort = portOf(sdp);
  }

  send(type: number, payload: Buffer, timestamp: number, marker: boolean): void {
    const packet = Buffer.alloc(12 + payload.length);
    packet[0] = 0x80;
    packet[1] = marker ? type | 0x80 : type;
    packet.writeUInt16BE(this.#sequence, 2);
    packet.writeUInt32BE(timestamp, 4);
    packet.writeUInt32BE(this.ssrc, 8);
    payload.copy(packet, 12);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#socket.send(packet, this.#remotePort, host);
  }

  /** One key as RFC 4733 would have it, all packets at once: `drop` leaves out those of these indexes (9 in all). */
  pressKey(sdp: string, key: string, drop: readonly number[] = []): void {
    this.connect(sdp);
    const event = '0123456789*#ABCD'.indexOf(key);
    const packets = [1, 2, 3, 4, 5, 6, 7, 7, 7].map((step, index) => {
      const payload = Buffer.from([event, index >= 6 ? 0x8a : 0x0a, 0, 0]);
      payload.writeUInt16BE(step * 160, 2);
      return payload;
    });
    packets.forEach((payload, index) => {
      if (!drop.includes(index)) this.send(101, payload, this.#timestamp, index === 0);
    });
    this.#timestamp = (this.#timestamp + 1600) >>> 0;
  }

  /** Resolves once `check` holds for what has been heard; rejects after `ms`. */
  async until(check: (packets: readonly Received[]) => boolean, what: string, ms = 5000): Promise<void> {
    if (check(this.packets)) return;
    await new Promise<void>((resolve, reject) => {
      const test = () => {
        if (check(this.packets)) done(resolve);
      };
      const timer = setTimeout(() => done(() => reject(new Error(`not within ${ms} ms: ${what}`))), ms);
      const done = (end: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(test);
        end();
      };
      this.#waiting.add(test);
    });
  }

  /** Digits of the telephone-events heard, one an event. */
  keys(): string {
    const starts = new Map<number, string>();
    for (const { type, timestamp, payload } of this.packets) {
      if (type === 101) starts.set(timestamp, '0123456789*#ABCD'[payload[0] as number] as string);
    }
    return [...starts.values()].join('');
  }

  /** Resolves when `frequency` has been heard for `frames` frames in the last 400 ms. */
  async hears(frequency: number, frames = 10): Promise<void> {
    await this.until((packets) => {
      const recent = packets
        .slice(-20)
        .filter(({ type, payload }) => type !== 101 && hasTone(this.decode(payload), frequency));
      return recent.length >= frames;
    }, `a tone of ${frequency} Hz`);
  }

  /** What was heard since packet `from`, as one piece. */
  heard(from = 0): Int16Array {
    const audio = this.packets.slice(from).filter(({ type }) => type !== 101);
    return Int16Array.from(audio.flatMap(({ payload }) => [...this.decode(payload)]));
  }

  decode(payload: Buffer): Int16Array {
    return Int16Array.from(payload, (code) => decodeTable[this.law][code] as number);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}

export const portOf = (sdp: string): number => Number(/m=audio (\d+)/.exec(sdp)?.[1]);

/** Power of one frequency as a share of all (Goertzel): near 1 for a pure tone. */
export function toneShare(samples: Int16Array, frequency: number, rate = 8000): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / rate);
  let previous = 0;
  let before = 0;
  let energy = 0;
  for (const sample of samples) {
    const now = sample + coefficient * previous - before;
    before = previous;
    previous = now;
    energy += sample * sample;
  }
  const power = previous * previous + before * before - coefficient * previous * before;
  return energy === 0 ? 0 : (2 * power) / (samples.length * energy);
}

export function hasTone(samples: Int16Array, frequency: number, rate = 8000): boolean {
  return level(samples) > 200 && toneShare(samples, frequency, rate) > 0.8;
}

/** Mean absolute sample. */
export function level(samples: Int16Array): number {
  return samples.reduce((sum, sample) => sum + Math.abs(sample), 0) / Math.max(1, samples.length);
}
