/* The files that a channel plays and records: each has a number, and a promise that its media worker's event settles. */
import type { EventFields } from '../esl/codec.ts';
import type { MediaEvent } from '../rtp/pool.ts';
import type { PlayEnd, RecordEnd } from '../rtp/protocol.ts';
import type { Channel } from './channel.ts';

type PlayWaiter = { readonly started: () => void; readonly ended: (end: PlayEnd) => void };
type FileEvent = Extract<MediaEvent, { ev: 'playing' | 'played' | 'recorded' }>;

const nothingPlayed = { status: 'break', samples: 0, milliseconds: 0 } as const;

export class ChannelFiles {
  readonly #channel: Channel;
  readonly #plays = new Map<number, PlayWaiter>();
  readonly #records = new Map<number, (end: RecordEnd) => void>();
  #lastId = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Plays one file with its events; the end comes also when `stopped` is aborted. */
  async play(name: string, offset: number, stopped: AbortSignal): Promise<PlayEnd> {
    const channel = this.#channel;
    if (stopped.aborted || channel.ended) return { ...nothingPlayed, position: offset };
    const playId = ++this.#lastId;
    const kind: EventFields = /^tone_stream:/.test(name) ? { 'Playback-File-Type': 'tone_stream' } : {};
    const fields: EventFields = { ...kind, 'Playback-File-Path': name };
    let announced = false;
    const stop = () => channel.media.stop(playId);
    const end = await new Promise<PlayEnd>((ended) => {
      const started = () => {
        announced = true;
        channel.publish('PLAYBACK_START', fields, true);
      };
      this.#plays.set(playId, { started, ended });
      stopped.addEventListener('abort', stop);
      channel.media.play(playId, name, offset);
    });
    this.#plays.delete(playId);
    stopped.removeEventListener('abort', stop);
    if (end.status === 'missing') return end;
    if (!channel.ended) this.#remember(end);
    if (announced) channel.publish('PLAYBACK_STOP', { ...fields, 'Playback-Status': end.status }, true);
    return end;
  }

  /** Stops the files that are playing, not the applications. */
  stopPlays(): void {
    for (const playId of this.#plays.keys()) this.#channel.media.stop(playId);
  }

  /** The channel ends: what plays counts as broken off at once, not after the worker's answer. */
  abandon(): void {
    for (const { ended } of this.#plays.values()) ended({ ...nothingPlayed, position: 0 });
  }

  /** Number of a new recording and its end. */
  newRecording(): { recordId: number; ended: Promise<RecordEnd> } {
    const recordId = ++this.#lastId;
    return { recordId, ended: new Promise((resolve) => this.#records.set(recordId, resolve)) };
  }

  /** Resolves when a recording has been written to its end. */
  recordingEnded(recordId: number): Promise<void> {
    const notify = this.#records.get(recordId);
    if (notify === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#records.set(recordId, (end) => {
        notify(end);
        resolve();
      });
    });
  }

  onMedia(event: FileEvent): void {
    switch (event.ev) {
      case 'playing':
        this.#plays.get(event.playId)?.started();
        return;
      case 'played':
        this.#plays.get(event.playId)?.ended(event.end);
        return;
      case 'recorded':
        this.#records.get(event.recordId)?.(event.end);
        this.#records.delete(event.recordId);
    }
  }

  #remember(end: PlayEnd): void {
    const { variables } = this.#channel;
    variables.set('playback_last_offset_pos', String(end.position));
    variables.set('playback_seconds', String(Math.floor(end.milliseconds / 1000)));
    variables.set('playback_ms', String(end.milliseconds));
    variables.set('playback_samples', String(end.samples));
  }
}
