/*
 * An audio fork: the WebSocket protocol of mod_audio_fork (spec section 13). Audio is signed 16-bit little-endian PCM;
 * what waited since the last write goes out as one binary message. There is no reconnection.
 */
import { WebSocket } from 'ws';
import { Upsampler } from '../audio/resample.ts';
import { frameSamples } from './jitter-buffer.ts';
import type { ForkCommand, ForkSettings } from './protocol.ts';
import { StreamedAudio } from './streamed-audio.ts';

/** Frames between two writes: 100 ms, so that 200 forks cost 2,000 messages a second and not 10,000. */
const framesPerWrite = 5;

/** Of what a server may send: some seconds of audio in base64. */
const maxMessageBytes = 8 * 1024 * 1024;

type ForkEvent = (event: string, body: string | null) => void;

export class AudioFork {
  readonly name: string;
  readonly #settings: ForkSettings;
  readonly #onEvent: ForkEvent;
  readonly #socket: WebSocket;
  readonly #channels: number;
  readonly #factor: number;
  readonly #left: Upsampler | null;
  readonly #right: Upsampler | null;
  readonly #bytes: Buffer;
  readonly #samples: Int16Array;
  readonly #mixed = new Int16Array(frameSamples);
  readonly #pendingTexts: string[] = [];
  /** Audio from the server, to be played to the caller; null when that was not asked for. */
  readonly playback: StreamedAudio | null;
  #filled = 0;
  #paused = false;
  #graceful = false;
  #overrun = false;
  #closedByUs = false;
  #frames: number;

  constructor(settings: ForkSettings, phase: number, onEvent: ForkEvent) {
    this.name = settings.name;
    this.#settings = settings;
    this.#onEvent = onEvent;
    this.#channels = settings.mix === 'stereo' ? 2 : 1;
    this.#factor = settings.rate / 8000;
    this.#left = this.#factor > 1 ? new Upsampler(this.#factor, frameSamples) : null;
    this.#right = this.#factor > 1 && this.#channels === 2 ? new Upsampler(this.#factor, frameSamples) : null;
    this.#bytes = Buffer.alloc(frameSamples * this.#factor * this.#channels * 2 * framesPerWrite);
    this.#samples = new Int16Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length / 2);
    this.#frames = phase % framesPerWrite;
    this.playback = settings.playRate > 0 ? new StreamedAudio(settings.playRate, (mark) => this.#sendMark(mark)) : null;
    this.#socket = this.#connect();
  }

  /** One 20 ms frame of the caller (`left`) and of what it hears (`right`). */
  tap(left: Int16Array, right: Int16Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN || this.#paused || this.#graceful) return;
    this.#append(left, right);
    if (++this.#frames >= framesPerWrite || this.#filled === this.#samples.length) this.#write();
  }

  command(command: ForkCommand): void {
    if (command.kind === 'text') this.#sendText(command.text);
    else if (command.kind === 'stop') this.stop(command.text);
    else if (command.kind === 'graceful') {
      this.#write();
      this.#graceful = true;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(Buffer.alloc(0));
    } else if (command.kind === 'stopPlay') this.playback?.clear();
    else {
      this.#paused = command.kind === 'pause';
      this.#filled = 0;
    }
  }

  /** Final text, then close 1000. The disconnect event is for closes by the far end only. */
  stop(finalText: string): void {
    if (this.#closedByUs) return;
    this.#write();
    this.#closedByUs = true;
    if (finalText !== '') this.#sendText(finalText);
    this.#socket.close(1000);
  }

  #connect(): WebSocket {
    const { basicAuth, subprotocol, allowSelfSigned } = this.#settings;
    const url = this.#settings.url.replace(/^http/, 'ws');
    const socket = new WebSocket(url, [subprotocol], {
      perMessageDeflate: false,
      handshakeTimeout: 5000,
      maxPayload: maxMessageBytes,
      rejectUnauthorized: !allowSelfSigned,
      ...(basicAuth === '' ? {} : { auth: basicAuth }),
    });
    let opened = false;
    socket.on('open', () => {
      opened = true;
      this.#onEvent('connect', null);
      if (this.#settings.metadata !== '') socket.send(this.#settings.metadata);
      for (const text of this.#pendingTexts) socket.send(text);
    });
    socket.on('error', (error) => {
      if (!opened && !this.#closedByUs) this.#onEvent('connect_failed', JSON.stringify({ reason: error.message }));
    });
    socket.on('close', () => {
      if (opened && !this.#closedByUs) this.#onEvent('disconnect', null);
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.playback?.push(data as Buffer);
      else this.#onText(String(data));
    });
    return socket;
  }

  #append(left: Int16Array, right: Int16Array): void {
    const { mix } = this.#settings;
    if (mix === 'mixed') {
      for (let i = 0; i < frameSamples; i++) {
        this.#mixed[i] = Math.max(-32768, Math.min(32767, (left[i] as number) + (right[i] as number)));
      }
      this.#place(this.#left, this.#mixed, 0);
    } else {
      this.#place(this.#left, left, 0);
      if (mix === 'stereo') this.#place(this.#right, right, 1);
    }
    this.#filled += frameSamples * this.#factor * this.#channels;
  }

  #place(upsampler: Upsampler | null, frame: Int16Array, channel: number): void {
    const start = this.#filled + channel;
    if (upsampler !== null) {
      upsampler.write(frame, this.#samples, start, this.#channels);
      return;
    }
    for (let i = 0; i < frameSamples; i++) this.#samples[start + i * this.#channels] = frame[i] as number;
  }

  #write(): void {
    this.#frames = 0;
    if (this.#filled === 0 || this.#socket.readyState !== WebSocket.OPEN) return;
    const bytes = this.#filled * 2;
    this.#filled = 0;
    const limit = this.#settings.bufferSeconds * this.#settings.rate * this.#channels * 2;
    if (this.#socket.bufferedAmount > limit) {
      if (!this.#overrun) this.#onEvent('buffer_overrun', null);
      this.#overrun = true;
      return;
    }
    this.#overrun = false;
    // ws masks into a copy before it returns, so that the buffer may be used again.
    this.#socket.send(this.#bytes.subarray(0, bytes));
  }

  #sendText(text: string): void {
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#pendingTexts.push(text);
    else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  #sendMark(mark: { readonly name: string; readonly event: 'playout' | 'cleared' }): void {
    this.#sendText(JSON.stringify({ type: 'mark', data: mark }));
  }

  #onText(text: string): void {
    let message: { type?: unknown; data?: unknown };
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    const data = JSON.stringify(message.data ?? {});
    switch (message.type) {
      case 'playAudio':
        this.#onEvent('play_audio', data);
        return;
      case 'killAudio':
        this.playback?.clear();
        {
          this.#onEvent('kill_audio', null);
          return;
        }
      case 'transcription':
      case 'transfer':
      case 'disconnect':
      case 'error':
        this.#onEvent(message.type, data);
        return;
      case 'json':
        this.#onEvent('json', text);
        return;
      case 'mark':
        this.playback?.mark(String((message.data as { name?: unknown } | undefined)?.name ?? ''));
        return;
      case 'clearMarks':
        this.playback?.clearMarks();
        return;
    }
  }
}
