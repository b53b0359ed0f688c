/* The playbacks of one channel: a stack, since a playback that is started while another runs suspends it (spec section 5). */
import type { Source } from '../audio/source.ts';
import type { PlayEnd } from './protocol.ts';

type Playback = {
  readonly playId: number;
  source: Source | null;
  from: number;
  played: number;
  stopped: boolean;
};

export type PlayerEvents = {
  readonly playing: (playId: number) => void;
  readonly played: (playId: number, end: PlayEnd) => void;
};

export class Player {
  readonly #events: PlayerEvents;
  readonly #stack: Playback[] = [];

  constructor(events: PlayerEvents) {
    this.#events = events;
  }

  get active(): boolean {
    return this.#stack.length > 0;
  }

  /** Puts a playback on top; it is silent until `opening` has its source. */
  play(playId: number, opening: Promise<Source | null>): void {
    const playback: Playback = { playId, source: null, from: 0, played: 0, stopped: false };
    this.#stack.push(playback);
    void opening.then((source) => {
      if (playback.stopped) return;
      if (source === null) return this.#end(playback, 'missing');
      playback.source = source;
      playback.from = source.position;
      this.#events.playing(playId);
    });
  }

  stop(playId: number): void {
    const playback = this.#stack.find((entry) => entry.playId === playId);
    if (playback) this.#end(playback, 'break');
  }

  stopAll(): void {
    for (const playback of [...this.#stack].reverse()) this.#end(playback, 'break');
  }

  /** Fills `frame` from the top playback; false when none plays. */
  read(frame: Int16Array): boolean {
    const top = this.#stack.at(-1);
    if (top === undefined) return false;
    if (top.source === null) {
      frame.fill(0);
      return true;
    }
    const got = top.source.read(frame);
    top.played += got;
    if (got < frame.length) {
      this.#end(top, 'done');
      return got > 0 || this.read(frame);
    }
    return true;
  }

  #end(playback: Playback, status: PlayEnd['status']): void {
    playback.stopped = true;
    this.#stack.splice(this.#stack.indexOf(playback), 1);
    const milliseconds = Math.round(playback.played / 8);
    this.#events.played(playback.playId, {
      status,
      samples: Math.round((playback.played * (playback.source?.originalRate ?? 8000)) / 8000),
      milliseconds,
      position: playback.from + playback.played,
    });
  }
}
