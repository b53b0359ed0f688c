import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { DtmfReceiver } from '../media/rtp/dtmf-receiver.ts';
import { DtmfSender } from '../media/rtp/dtmf-sender.ts';
import { decode, encode, type Law, payloadTypeOf } from '../media/rtp/g711.ts';
import { payloadLength, payloadOffset, payloadType, timestamp, writeHeader } from '../media/rtp/packet.ts';
import type { RemoteMedia } from './sdp.ts';
import { hasTone, loudness, sampleRate } from './tone.ts';

export type RtpPortEvents = {
  /** One packet's audio, as it came. */
  audio: [frame: Int16Array];
  digit: [digit: string];
};

const frameSamples = 160;
const frameMs = 20;
const rememberSeconds = 600;

/** One party's RTP over UDP: sends a sound or silence every 20 ms and keeps what it hears. Whoever opens it closes it. */
export class RtpPort extends EventEmitter<RtpPortEvents> {
  readonly address: string;
  readonly port: number;
  packetsHeard = 0;
  readonly #socket: Socket;
  readonly #keys = new DtmfSender();
  readonly #digits = new DtmfReceiver((digit) => this.emit('digit', digit));
  readonly #packet = Buffer.alloc(12 + frameSamples);
  readonly #frame = new Int16Array(frameSamples);
  readonly #ssrc = randomInt(2 ** 32);
  #heard = new Int16Array(sampleRate * 4);
  #heardSamples = 0;
  #sound: Int16Array | null = null;
  #soundAt = 0;
  #repeat = true;
  #remote: RemoteMedia | null = null;
  #sequence = randomInt(2 ** 16);
  #time = randomInt(2 ** 32);
  #eventTime = 0;
  #sent = 0;
  #startedAt = 0;
  #timer: NodeJS.Timeout | null = null;

  private constructor(socket: Socket) {
    super();
    const { address, port } = socket.address() as AddressInfo;
    this.address = address;
    this.port = port;
    this.#socket = socket;
    socket.on('message', (packet) => this.#receive(packet));
    socket.on('error', () => {}); // ICMP port unreachable: the peer has hung up
  }

  static async open(address = '127.0.0.1'): Promise<RtpPort> {
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new RtpPort(socket);
  }

  /** Starts sending to the peer of this SDP, or turns to a new one after a re-INVITE. */
  talkTo(remote: RemoteMedia): void {
    this.#remote = remote;
    if (this.#timer) return;
    this.#startedAt = performance.now() - this.#sent * frameMs;
    this.#tick();
  }

  get remote(): RemoteMedia | null {
    return this.#remote;
  }

  /** Sends this sound from now on; null: silence. `repeat` false: once, then silence. */
  play(sound: Int16Array | null, repeat = true): void {
    this.#sound = sound;
    this.#soundAt = 0;
    this.#repeat = repeat;
  }

  /** Sends digits as RFC 4733 events in place of sound. */
  press(digits: string, durationMs = 120): void {
    this.#keys.send(digits, durationMs);
  }

  /** What came so far, in order of arrival; with `lastMs` only its end. */
  heard(lastMs = Number.POSITIVE_INFINITY): Int16Array {
    const length = Math.min(this.#heardSamples, (lastMs * sampleRate) / 1000);
    return this.#heard.subarray(this.#heardSamples - length, this.#heardSamples);
  }

  /** Resolves when 200 ms on end hold this tone and little else. Rejects when `signal` aborts. */
  hearsTone(hertz: number, signal: AbortSignal): Promise<void> {
    return this.#until(`a tone of ${hertz} Hz`, signal, () => {
      const last = this.heard(200);
      return last.length === 1600 && hasTone(last, hertz);
    });
  }

  /** Resolves when of one second at least 300 ms were loud: somebody speaks. Rejects when `signal` aborts. */
  hearsSpeech(signal: AbortSignal): Promise<void> {
    return this.#until('speech', signal, () => {
      const last = this.heard(1000);
      let loud = 0;
      for (let at = 0; at < last.length; at += frameSamples)
        if (loudness(last.subarray(at, at + frameSamples)) > 400) loud += frameMs;
      return loud >= 300;
    });
  }

  /** Resolves after half a second without sound. Rejects when `signal` aborts. */
  hearsSilence(signal: AbortSignal): Promise<void> {
    return this.#until('silence', signal, () => {
      const last = this.heard(500);
      return last.length === 4000 && loudness(last) < 50;
    });
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#remote = null;
    this.#socket.removeAllListeners('message').close();
  }

  async #until(what: string, signal: AbortSignal, test: () => boolean): Promise<void> {
    try {
      // A fresh packet first: who asks again and again must not keep the event loop to itself.
      do await once(this, 'audio', { signal });
      while (!test());
    } catch (cause) {
      const level = Math.round(loudness(this.heard(1000)));
      throw new Error(`never heard ${what}; ${this.packetsHeard} packets came, last second at level ${level}`, {
        cause,
      });
    }
  }

  #tick(): void {
    const remote = this.#remote;
    if (!remote) return;
    const due = Math.floor((performance.now() - this.#startedAt) / frameMs) + 1;
    // After a long stall the time is skipped, not made up: a burst would overrun the peer's jitter buffer.
    if (due - this.#sent > 10) this.#startedAt += (due - this.#sent - 1) * frameMs;
    else while (this.#sent < due) this.#send(remote);
    const next = this.#startedAt + this.#sent * frameMs - performance.now();
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, next));
  }

  #send(remote: RemoteMedia): void {
    if (remote.direction === 'sendonly' || remote.direction === 'inactive') {
      this.#sent += 1; // on hold: the clock goes on
      this.#time = (this.#time + frameSamples) >>> 0;
      return;
    }
    const event = remote.eventType === null ? null : this.#keys.next();
    const packet = this.#packet;
    let length = frameSamples;
    if (event && remote.eventType !== null) {
      if (event.start) this.#eventTime = this.#time;
      writeHeader(packet, remote.eventType, event.start, this.#sequence, this.#eventTime, this.#ssrc);
      packet.set(event.payload, 12);
      length = 4;
    } else {
      this.#nextFrame();
      writeHeader(packet, payloadTypeOf[remote.law], this.#sent === 0, this.#sequence, this.#time, this.#ssrc);
      encode(remote.law, this.#frame, frameSamples, packet, 12);
    }
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#time = (this.#time + frameSamples) >>> 0;
    this.#sent += 1;
    // Copied: dgram sends later, the buffer is used again 20 ms from now.
    this.#socket.send(Buffer.from(packet.subarray(0, 12 + length)), remote.port, remote.address);
  }

  #nextFrame(): void {
    const sound = this.#sound;
    this.#frame.fill(0);
    if (!sound || sound.length === 0) return;
    for (let i = 0; i < frameSamples; i++) {
      if (this.#soundAt >= sound.length) {
        if (!this.#repeat) {
          this.#sound = null;
          return;
        }
        this.#soundAt = 0;
      }
      this.#frame[i] = sound[this.#soundAt++] as number;
    }
  }

  #receive(packet: Buffer): void {
    const offset = payloadOffset(packet);
    if (offset < 0) return;
    const length = payloadLength(packet, offset);
    const type = payloadType(packet);
    const law = type === 0 ? 'PCMU' : type === 8 ? 'PCMA' : null;
    if (law && length > 0) this.#hear(law, packet, offset, length);
    else if (length === 4 && type >= 96)
      this.#digits.packet(timestamp(packet), packet, offset, length, performance.now());
  }

  #hear(law: Law, packet: Buffer, offset: number, length: number): void {
    this.packetsHeard += 1;
    const frame = new Int16Array(length);
    decode(law, packet, offset, length, frame);
    if (this.#heardSamples + length > this.#heard.length) {
      if (this.#heard.length >= rememberSeconds * sampleRate) this.#heardSamples = 0;
      else {
        const larger = new Int16Array(this.#heard.length * 2);
        larger.set(this.#heard);
        this.#heard = larger;
      }
    }
    this.#heard.set(frame, this.#heardSamples);
    this.#heardSamples += length;
    this.emit('audio', frame);
  }
}
