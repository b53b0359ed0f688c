/* The media workers as the control thread sees them: opens endpoints on the least loaded one and routes their events. */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import type {
  ForkCommand,
  ForkSettings,
  FromWorker,
  MediaSettings,
  MediaStats,
  RecordSettings,
  ToWorker,
} from './protocol.ts';

export type MediaEvent =
  | Extract<FromWorker, { ev: 'playing' | 'played' | 'digit' | 'fork' | 'recorded' | 'mediaTimeout' | 'talking' }>
  | LostEvent;

export type PoolOptions = {
  /** Address that RTP binds to and SDP tells. */
  readonly rtpHost: string;
  /** Even ports from `rtpMin` up to `rtpMax`; RTCP takes the odd one above. */
  readonly rtpMin: number;
  readonly rtpMax: number;
  readonly workers: number;
  /** Folder of relative playback names. */
  readonly soundPath: string;
  /** A worker died or its clock stood still for so many ticks. */
  readonly onTrouble: (what: string) => void;
};

const bindAttempts = 50;

/** Besides the worker's own events: the worker has died, and the audio with it. */
type LostEvent = { readonly ev: 'workerLost'; readonly id: string };

/** One channel's media. All but `stats` and `close` are fire and forget; answers come as events. */
export class MediaHandle {
  readonly id: string;
  readonly port: number;
  readonly ssrc: number;
  readonly worker: number;
  readonly #post: (message: ToWorker) => void;
  readonly #stats: () => Promise<MediaStats>;
  readonly #close: () => Promise<void>;
  /** Set by the owner before any command. */
  onEvent: (event: MediaEvent) => void = () => {};

  constructor(
    place: { id: string; port: number; ssrc: number; worker: number },
    link: { post: (message: ToWorker) => void; stats: () => Promise<MediaStats>; close: () => Promise<void> },
  ) {
    this.id = place.id;
    this.port = place.port;
    this.ssrc = place.ssrc;
    this.worker = place.worker;
    this.#post = link.post;
    this.#stats = link.stats;
    this.#close = link.close;
  }

  setMedia(media: MediaSettings): void {
    this.#post({ op: 'media', id: this.id, media });
  }
  setTimeout(seconds: number): void {
    this.#post({ op: 'timeout', id: this.id, seconds });
  }
  play(playId: number, name: string, offset: number): void {
    this.#post({ op: 'play', id: this.id, playId, name, offset });
  }
  stop(playId: number): void {
    this.#post({ op: 'stop', id: this.id, playId });
  }
  bridge(peer: MediaHandle): void {
    this.#post({ op: 'bridge', id: this.id, peer: peer.id, peerWorker: peer.worker });
  }
  unbridge(): void {
    this.#post({ op: 'unbridge', id: this.id });
  }
  mute(direction: 'read' | 'write', muted: boolean): void {
    this.#post({ op: 'mute', id: this.id, direction, muted });
  }
  sendDigits(digits: string, durationMs: number): void {
    this.#post({ op: 'dtmf', id: this.id, digits, durationMs });
  }
  listenForTones(on: boolean): void {
    this.#post({ op: 'listenForTones', id: this.id, on });
  }
  startFork(fork: ForkSettings): void {
    this.#post({ op: 'fork', id: this.id, fork });
  }
  forkCommand(name: string, command: ForkCommand): void {
    this.#post({ op: 'forkCommand', id: this.id, name, command });
  }
  startRecord(record: RecordSettings): void {
    this.#post({ op: 'record', id: this.id, record });
  }
  stopRecord(recordId: number): void {
    this.#post({ op: 'stopRecord', id: this.id, recordId });
  }
  joinRoom(room: string, muted: boolean, deaf: boolean): void {
    this.#post({ op: 'conference', id: this.id, room, muted, deaf });
  }
  leaveRoom(): void {
    this.#post({ op: 'leave', id: this.id });
  }
  stats(): Promise<MediaStats> {
    return this.#stats();
  }
  close(): Promise<void> {
    return this.#close();
  }
}

type Pending = { worker: number; opened?: (event: { ok: boolean; ssrc: number }) => void; closed?: () => void };

export class MediaPool {
  readonly #options: PoolOptions;
  readonly #workers: Worker[];
  readonly #load: number[];
  readonly #ports = new Set<number>();
  readonly #handles = new Map<string, MediaHandle>();
  readonly #pending = new Map<string, Pending>();
  readonly #stats = new Map<number, (stats: MediaStats) => void>();
  #nextPort: number;
  #request = 0;
  #stopping = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#nextPort = firstPort(options);
    this.#workers = Array.from({ length: options.workers }, (_, index) => this.#startWorker(index));
    this.#load = this.#workers.map(() => 0);
    this.#workers.forEach((worker, index) => {
      for (let other = 0; other < index; other++) link([worker, index], [this.#workers[other] as Worker, other]);
    });
  }

  /** Opens a free port pair, or null when the range is exhausted. */
  async open(id: string): Promise<MediaHandle | null> {
    const worker = this.#load.indexOf(Math.min(...this.#load));
    for (let attempt = 0; attempt < bindAttempts; attempt++) {
      const port = this.#takePort();
      if (port === null) return null;
      const { ok, ssrc } = await this.#tryOpen(worker, id, port);
      if (ok) return this.#newHandle({ id, port, ssrc, worker });
      this.#ports.delete(port);
    }
    return null;
  }

  /** Resolves when every worker runs its clock; rejects when one cannot start. */
  async ready(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => once(worker, 'message')));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#handles.values()].map((handle) => handle.close()));
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #newHandle(place: { id: string; port: number; ssrc: number; worker: number }): MediaHandle {
    const { id, port, worker } = place;
    const handle = new MediaHandle(place, {
      post: (message) => this.#post(worker, message),
      stats: () => this.#askStats(worker, id),
      close: () => this.#closeEndpoint(worker, id, port),
    });
    this.#load[worker] = (this.#load[worker] as number) + 1;
    this.#handles.set(id, handle);
    return handle;
  }

  #tryOpen(worker: number, id: string, port: number): Promise<{ ok: boolean; ssrc: number }> {
    return new Promise((opened) => {
      this.#pending.set(id, { worker, opened });
      this.#post(worker, { op: 'open', id, host: this.#options.rtpHost, port });
    });
  }

  #closeEndpoint(worker: number, id: string, port: number): Promise<void> {
    if (!this.#handles.delete(id)) return Promise.resolve();
    return new Promise((resolve) => {
      const closed = () => {
        this.#ports.delete(port);
        this.#load[worker] = (this.#load[worker] as number) - 1;
        resolve();
      };
      this.#pending.set(id, { worker, closed });
      this.#post(worker, { op: 'close', id });
    });
  }

  #askStats(worker: number, id: string): Promise<MediaStats> {
    const request = ++this.#request;
    return new Promise((resolve) => {
      this.#stats.set(request, resolve);
      this.#post(worker, { op: 'stats', id, request });
    });
  }

  #post(worker: number, message: ToWorker): void {
    this.#workers[worker]?.postMessage(message);
  }

  /** Round robin, so that a port rests before it is used again and stray packets of the last call find nobody. */
  #takePort(): number | null {
    const { rtpMax } = this.#options;
    const first = firstPort(this.#options);
    const pairs = Math.floor((rtpMax - first + 1) / 2);
    for (let tried = 0; tried < pairs; tried++) {
      const port = this.#nextPort;
      this.#nextPort = port + 3 > rtpMax ? first : port + 2;
      if (this.#ports.has(port)) continue;
      this.#ports.add(port);
      return port;
    }
    return null;
  }

  #startWorker(index: number): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { index, soundPath: this.#options.soundPath },
    });
    worker.on('message', (event: FromWorker) => this.#onEvent(event));
    worker.on('error', (error) =>
      this.#options.onTrouble(`media worker ${index} failed: ${error.stack ?? error.message}`),
    );
    worker.on('exit', () => {
      if (!this.#stopping) this.#replace(index);
    });
    return worker;
  }

  /** A dead worker's calls have lost their audio and are told so; the next ones get a new worker. */
  #replace(index: number): void {
    this.#options.onTrouble(`media worker ${index} exited; starting another`);
    this.#workers[index] = this.#startWorker(index);
    this.#linkTo(index);
    for (const handle of [...this.#handles.values()]) {
      if (handle.worker !== index) continue;
      this.#handles.delete(handle.id);
      this.#ports.delete(handle.port);
      this.#load[index] = (this.#load[index] as number) - 1;
      handle.onEvent({ ev: 'workerLost', id: handle.id });
    }
    for (const [id, { worker, opened, closed }] of this.#pending) {
      if (worker !== index) continue;
      this.#pending.delete(id);
      opened?.({ ok: false, ssrc: 0 });
      closed?.();
    }
  }

  #linkTo(index: number): void {
    this.#workers.forEach((other, second) => {
      if (second !== index) link([this.#workers[index] as Worker, index], [other, second]);
    });
  }

  #onEvent(event: FromWorker): void {
    switch (event.ev) {
      case 'opened':
        this.#pending.get(event.id)?.opened?.(event);
        return void this.#pending.delete(event.id);
      case 'closed':
        this.#pending.get(event.id)?.closed?.();
        return void this.#pending.delete(event.id);
      case 'stats':
        this.#stats.get(event.request)?.(event.stats);
        return void this.#stats.delete(event.request);
      case 'ready':
        return;
      case 'skipped':
        this.#options.onTrouble(`media clock stood still for ${event.ticks} ticks`);
        return;
      default:
        this.#handles.get(event.id)?.onEvent(event);
    }
  }
}

const firstPort = ({ rtpMin }: PoolOptions): number => rtpMin + (rtpMin & 1);

/** Gives two workers a channel to each other. */
function link([one, first]: [Worker, number], [other, second]: [Worker, number]): void {
  const { port1, port2 } = new MessageChannel();
  one.postMessage({ op: 'link', worker: second, port: port1 } satisfies ToWorker, [port1]);
  other.postMessage({ op: 'link', worker: first, port: port2 } satisfies ToWorker, [port2]);
}
