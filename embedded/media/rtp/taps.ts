/* Who listens along on one party: audio forks and recordings. */
import { AudioFork } from './fork.ts';
import type { ForkCommand, ForkSettings, FromWorker, RecordSettings } from './protocol.ts';
import { Recorder } from './recorder.ts';

export class Taps {
  readonly #id: string;
  readonly #emit: (event: FromWorker) => void;
  readonly #forks = new Map<string, AudioFork>();
  readonly #recorders = new Map<number, Recorder>();

  constructor(id: string, emit: (event: FromWorker) => void) {
    this.#id = id;
    this.#emit = emit;
  }

  get active(): boolean {
    return this.#forks.size > 0 || this.#recorders.size > 0;
  }

  /** One frame of the caller and of what it is given to hear. */
  tap(heard: Int16Array, given: Int16Array): void {
    for (const fork of this.#forks.values()) fork.tap(heard, given);
    for (const recorder of this.#recorders.values()) recorder.tap(heard, given);
  }

  /** Audio that a fork's server streams back; false when there is none. */
  readPlayback(frame: Int16Array): boolean {
    for (const fork of this.#forks.values()) if (fork.playback?.read(frame)) return true;
    return false;
  }

  startFork(settings: ForkSettings, phase: number): void {
    const { name } = settings;
    const onEvent = (event: string, body: string | null) => {
      this.#emit({ ev: 'fork', id: this.#id, name, event, body });
      if (event === 'disconnect' || event === 'connect_failed') this.#forks.delete(name);
    };
    try {
      this.#forks.set(name, new AudioFork(settings, phase, onEvent));
    } catch (error) {
      // ws throws for a URL or a subprotocol that cannot be.
      onEvent('connect_failed', JSON.stringify({ reason: String(error) }));
    }
  }

  forkCommand(name: string, command: ForkCommand): void {
    this.#forks.get(name)?.command(command);
    if (command.kind === 'stop') this.#forks.delete(name);
  }

  startRecord(settings: RecordSettings): void {
    const { recordId } = settings;
    const recorder = new Recorder(settings, (end) => {
      this.#recorders.delete(recordId);
      this.#emit({ ev: 'recorded', id: this.#id, recordId, end });
    });
    this.#recorders.set(recordId, recorder);
  }

  stopRecord(recordId: number): void {
    this.#recorders.get(recordId)?.stop();
  }

  close(): void {
    for (const fork of this.#forks.values()) fork.stop('');
    for (const recorder of this.#recorders.values()) recorder.stop();
  }
}
