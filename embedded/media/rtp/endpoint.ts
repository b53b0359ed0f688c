/*
 * One party's media: its RTP and RTCP sockets, what comes in, what goes out, and who listens along. While two parties
 * are bridged their packets are passed on the moment they come; everything else runs on the worker's clock.
 */
import { openSource } from '../audio/source.ts';
import { Concealment } from './concealment.ts';
import { DtmfReceiver } from './dtmf-receiver.ts';
import { DtmfSender } from './dtmf-sender.ts';
import { decode, payloadTypeOf, transcodeTable } from './g711.ts';
import { frameSamples, JitterBuffer } from './jitter-buffer.ts';
import { Latch } from './latch.ts';
import { OutStream, type Passed } from './out-stream.ts';
import { marker, payloadLength, payloadOffset, payloadType, sequence, ssrc, timestamp } from './packet.ts';
import { Player } from './player.ts';
import type { FromWorker, MediaSettings, MediaStats } from './protocol.ts';
import { Reception } from './reception.ts';
import { Reports } from './reports.ts';
import type { Room } from './room.ts';
import { RtpSockets } from './sockets.ts';
import { Taps } from './taps.ts';
import { ToneDialling } from './tone-dialling.ts';

const ticksPerSecond = 50;
const reportTicks = 5 * ticksPerSecond;
/** Ticks without a packet after which a bridged party's silence is filled by us. */
const quietTicks = 10;

type Emit = (event: FromWorker) => void;
/** Where a bridged party in another worker is reached. */
export type RemotePeer = {
  frame(id: string, pcm: Int16Array): void;
  digit(id: string, digit: string, durationMs: number): void;
};

export class Endpoint {
  readonly id: string;
  readonly #emit: Emit;
  readonly #poll: (now: number) => void;
  readonly #soundPath: string;
  readonly #sockets = new RtpSockets();
  readonly taps: Taps;
  readonly #latch = new Latch();
  readonly #jitter = new JitterBuffer();
  readonly #concealment = new Concealment();
  readonly #reception = new Reception();
  readonly #digitsIn: DtmfReceiver;
  readonly #digitsOut = new DtmfSender();
  readonly #player: Player;
  readonly #out: OutStream;
  readonly #reports: Reports;
  readonly #companded = new Uint8Array(frameSamples);
  readonly #feed: Int16Array[] = [];
  readonly #passed: Passed = {
    ssrc: 0,
    sequence: 0,
    timestamp: 0,
    marker: false,
    payload: Buffer.alloc(0),
    offset: 0,
    length: 0,
  };
  /** The caller's audio of this tick. */
  readonly heard = new Int16Array(frameSamples);
  /** What the caller is given to hear in this tick. */
  readonly #given = new Int16Array(frameSamples);
  #media: MediaSettings | null = null;
  #peer: Endpoint | null = null;
  #remotePeer: { readonly id: string; readonly link: RemotePeer } | null = null;
  #room: Room | null = null;
  #toneDialling: ToneDialling | null = null;
  #mutedRead = false;
  #mutedWrite = false;
  #tick = 0;
  #lastPacketTick = 0;
  #lastPassedTick = 0;
  #lastEventTick = -1000;
  #timeoutTicks = 0;
  #talking = false;
  #eventsIn = 0;

  /** `poll` runs the clock when it is due: a flood of packets must not keep the event loop from it. */
  constructor(id: string, soundPath: string, emit: Emit, poll: (now: number) => void) {
    this.id = id;
    this.#emit = emit;
    this.#poll = poll;
    this.#soundPath = soundPath;
    this.taps = new Taps(id, emit);
    this.#out = new OutStream(Math.floor(Math.random() * 0xffffffff), (packet, length) =>
      this.#transmit(packet, length),
    );
    this.#reports = new Reports(this.#sockets, this.#latch, this.#out, this.#reception);
    this.#digitsIn = new DtmfReceiver((digit, duration, time) => this.#onDigit(digit, duration, time));
    this.#player = new Player({
      playing: (playId) => {
        this.#out.mark();
        emit({ ev: 'playing', id, playId });
      },
      played: (playId, end) => emit({ ev: 'played', id, playId, end }),
    });
  }

  get ssrc(): number {
    return this.#out.ssrc;
  }

  /** Binds RTP to `port` and RTCP to the next one; rejects when either is taken. */
  async open(host: string, port: number): Promise<void> {
    await this.#sockets.open(host, port, {
      rtp: (packet, from, fromPort) => this.#onPacket(packet, from, fromPort),
      rtcp: (packet, from) => this.#reports.onPacket(packet, from),
    });
  }

  /** Ends everything and releases the ports. */
  async close(): Promise<void> {
    this.unbridge();
    this.leaveRoom();
    this.#player.stopAll();
    this.taps.close();
    await this.#sockets.close();
  }

  setMedia(media: MediaSettings): void {
    this.#media = media;
    this.#latch.expect(media.remoteHost, media.remotePort);
    this.#out.packetSamples = media.ptimeMs * 8;
    this.#reports.port = media.rtcpPort;
    this.#lastPacketTick = this.#tick;
    if (!media.receive) this.#jitter.reset();
  }

  /** Seconds without a packet, while some should come, after which the channel is told; 0: never. */
  setTimeout(seconds: number): void {
    this.#timeoutTicks = seconds * ticksPerSecond;
    this.#lastPacketTick = this.#tick;
  }

  play(playId: number, name: string, offset: number): void {
    this.#player.play(playId, openSource(name, offset, this.#soundPath));
  }

  stop(playId: number): void {
    this.#player.stop(playId);
  }

  bridge(peer: Endpoint): void {
    this.unbridge();
    this.#peer = peer;
  }

  bridgeRemote(id: string, link: RemotePeer): void {
    this.unbridge();
    this.#remotePeer = { id, link };
  }

  unbridge(): void {
    this.#peer = null;
    this.#remotePeer = null;
    this.#feed.length = 0;
    this.#out.stopPassing(0);
  }

  /** Forgets a peer that is gone. */
  forget(peer: Endpoint): void {
    if (this.#peer === peer) this.unbridge();
  }

  /** A frame of the peer in another worker. */
  feed(frame: Int16Array): void {
    this.#feed.push(frame);
    if (this.#feed.length > 4) this.#feed.shift();
  }

  joinRoom(room: Room): void {
    this.#room = room;
  }

  leaveRoom(): void {
    this.#room?.leave(this);
    this.#room = null;
  }

  mute(direction: 'read' | 'write', muted: boolean): void {
    if (direction === 'read') this.#mutedRead = muted;
    else this.#mutedWrite = muted;
  }

  sendDigits(digits: string, durationMs: number): void {
    this.#digitsOut.send(digits, durationMs);
  }

  /** Listens for keys dialled as tones, or stops to. */
  listenForTones(on: boolean): void {
    const { id } = this;
    this.#toneDialling = on
      ? new ToneDialling((digit, durationMs) =>
          this.#emit({
            ev: 'digit',
            id,
            digit,
            duration: durationMs * 8,
            ssrc: 0,
            timestamp: 0,
            source: 'INBAND_AUDIO',
          }),
        )
      : null;
  }

  /** First half of a tick: the caller's frame, when somebody needs it. */
  receive(tick: number): void {
    this.#tick = tick;
    this.#digitsIn.tick(performance.now());
    this.#checkTimeout();
    if (!this.#framesNeeded) return;
    const pull = this.#jitter.pull(this.#companded);
    if (this.#media === null || this.#mutedRead || pull === 'silent') {
      this.heard.fill(0);
      if (pull === 'silent') this.#concealment.reset();
    } else if (pull === 'audio') {
      decode(this.#media.law, this.#companded, 0, frameSamples, this.heard);
      this.#concealment.good(this.heard);
    } else if (tick - this.#lastEventTick < 5) this.heard.fill(0);
    else this.#concealment.lost(this.heard);
    this.#toneDialling?.frame(this.heard);
    this.#remotePeer?.link.frame(this.#remotePeer.id, this.heard);
  }

  /** Second half: what the caller gets to hear. */
  transmit(tick: number): void {
    const media = this.#media;
    if (tick % reportTicks === this.ssrc % reportTicks) this.#reports.send();
    if (media === null) return;
    const made = this.#makeFrame();
    if (!media.send) {
      this.#out.skip();
      return;
    }
    const digit = this.#digitsOut.busy ? this.#digitsOut.next() : null;
    if (digit !== null && media.eventType !== null) {
      this.#out.event(media.eventType, digit.payload, digit.start);
    } else if (made && !this.#mutedWrite) {
      this.#out.frame(media.law, this.#given);
    } else if (this.#out.passing) {
      if (tick - this.#lastPassedTick >= quietTicks) this.#out.stopPassing(quietTicks);
    } else this.#out.silence(media.law);
  }

  /** After both: who listens along. */
  tap(): void {
    this.taps.tap(this.heard, this.#given);
  }

  stats(): MediaStats {
    const { packets, bytes, lost, jitterTicks } = this.#reception;
    return {
      packetsIn: packets,
      bytesIn: bytes,
      eventsIn: this.#eventsIn,
      lostIn: lost,
      lateIn: this.#jitter.late,
      refusedIn: this.#latch.refused,
      jitterMs: jitterTicks / 8,
      packetsOut: this.#out.packets,
      bytesOut: this.#out.bytes,
      eventsOut: this.#out.events,
      remoteLost: this.#reports.remoteLost,
      remoteJitterMs: this.#reports.remoteJitterTicks / 8,
      rtcpIn: this.#reports.received,
    };
  }

  get #framesNeeded(): boolean {
    return (
      this.taps.active ||
      this.#room !== null ||
      this.#remotePeer !== null ||
      this.#toneDialling !== null ||
      this.#peer?.taps.active === true
    );
  }

  /** Fills `given`; true when it is to be sent from here, false when silence or passed packets go out. */
  #makeFrame(): boolean {
    if (this.taps.readPlayback(this.#given)) return true;
    if (this.#player.read(this.#given)) return true;
    if (this.#room !== null) return this.#room.mixFor(this, this.#given);
    const fed = this.#feed.shift();
    if (fed !== undefined) {
      this.#given.set(fed);
      return true;
    }
    if (this.#peer !== null && this.taps.active) this.#given.set(this.#peer.heard);
    else this.#given.fill(0);
    return false;
  }

  #onPacket(packet: Buffer, host: string, port: number): void {
    const now = performance.now();
    this.#poll(now);
    const media = this.#media;
    const offset = payloadOffset(packet);
    if (media === null || offset < 0) return;
    const type = payloadType(packet);
    const isEvent = type === media.eventType;
    if (!isEvent && type !== payloadTypeOf[media.law]) return;
    const source = ssrc(packet);
    if (!this.#latch.accept(host, port, source)) return;
    const length = payloadLength(packet, offset);
    if (length <= 0) return;
    this.#lastPacketTick = this.#tick;
    const time = timestamp(packet);
    if (this.#reception.packet(source, sequence(packet), isEvent ? (now * 8) >>> 0 : time, packet.length, now)) {
      this.#jitter.reset();
    }
    if (!media.receive) return;
    const passed = this.#passed;
    passed.ssrc = source;
    passed.sequence = sequence(packet);
    passed.timestamp = time;
    passed.marker = marker(packet);
    passed.payload = packet;
    passed.offset = offset;
    passed.length = length;
    if (isEvent) this.#onEvent(passed, now);
    else this.#onAudio(passed, media);
  }

  #onEvent(passed: Passed, now: number): void {
    this.#eventsIn += 1;
    this.#lastEventTick = this.#tick;
    this.#digitsIn.packet(passed.timestamp, passed.payload, passed.offset, passed.length, now);
    this.#peer?.passEvent(passed);
  }

  #onAudio(passed: Passed, media: MediaSettings): void {
    if (this.#framesNeeded) this.#jitter.push(passed.timestamp, passed.payload, passed.offset, passed.length);
    if (this.#peer !== null && !this.#mutedRead) this.#peer.passAudio(passed, media);
  }

  /** A packet of the bridged party, unless something else is being played to this one. */
  passAudio(passed: Passed, from: MediaSettings): void {
    const media = this.#media;
    if (media === null || !media.send || this.#mutedWrite || this.#player.active || this.#digitsOut.busy) return;
    this.#lastPassedTick = this.#tick;
    this.#out.passAudio(passed, media.law, media.law === from.law ? null : transcodeTable[from.law]);
  }

  passEvent(passed: Passed): void {
    const media = this.#media;
    if (media === null || !media.send || media.eventType === null || this.#player.active || this.#digitsOut.busy)
      return;
    this.#lastPassedTick = this.#tick;
    this.#out.passEvent(passed, media.eventType);
  }

  #onDigit(digit: string, duration: number, time: number): void {
    const { id } = this;
    this.#emit({ ev: 'digit', id, digit, duration, ssrc: this.#reception.ssrc, timestamp: time, source: 'RTP' });
    this.#remotePeer?.link.digit(this.#remotePeer.id, digit, duration / 8);
  }

  #transmit(packet: Buffer, length: number): void {
    if (this.#latch.port !== 0) this.#sockets.send(packet, length, this.#latch.port, this.#latch.host);
  }

  #checkTimeout(): void {
    if (this.#timeoutTicks === 0 || this.#media?.receive !== true || this.#media.remotePort === 0) return;
    if (this.#tick - this.#lastPacketTick < this.#timeoutTicks) return;
    this.#timeoutTicks = 0;
    this.#emit({ ev: 'mediaTimeout', id: this.id });
  }

  /** Told once a change by the conference room. */
  setTalking(talking: boolean): void {
    if (talking === this.#talking) return;
    this.#talking = talking;
    this.#emit({ ev: 'talking', id: this.id, talking });
  }
}
