import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Db } from '../db/db.ts';
import { emptyCoreDumps } from './core-dumps.ts';
import { ForkServer, type ForkServerOptions } from './fork-server.ts';
import type { Law } from './g711.ts';
import { openSession, type RecordingSession } from './session.ts';
import { RecordingStore } from './store.ts';

export type RecorderOptions = {
  readonly db: Db;
  /** CHARTLINE_DATA: holds `recordings/` and `keys/`. */
  readonly dataFolder: string;
  /** Named in every seal. */
  readonly clinic: string;
  readonly node: string;
  readonly fork: ForkServerOptions;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** For metrics. */
  readonly observe?: { active(recordings: number): void; broke(): void };
};

/** Records calls: takes their audio from the media server, seals it while it streams, keeps files and rows. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #forks: ForkServer;
  readonly #store: RecordingStore;
  readonly #sessions = new Set<RecordingSession>();
  #healthy = true;

  private constructor(options: RecorderOptions, forks: ForkServer, store: RecordingStore) {
    this.#options = options;
    this.#forks = forks;
    this.#store = store;
  }

  /** Listens for forks, and closes what an earlier process left running. Throws when the port is taken. */
  static async start(options: RecorderOptions): Promise<Recorder> {
    emptyCoreDumps();
    const forks = await ForkServer.listen(options.fork);
    const { db, node, log } = options;
    const store = new RecordingStore({ db, node, log, folder: join(options.dataFolder, 'recordings') });
    const closed = await store.recover().catch((error: Error) => {
      log.error({ err: error }, 'recordings of an earlier run could not be closed');
      return 0;
    });
    if (closed > 0) log.warn({ recordings: closed }, 'closed recordings that an earlier run left open');
    return new Recorder(options, forks, store);
  }

  /** Begins a recording. Never throws: one that cannot be made says so by its `opened` and `lost`. `law`: what the forked leg negotiated. */
  open(about: { readonly callId: string; readonly startedAt: Date; readonly law: Law }): RecordingSession {
    const { log, clinic, dataFolder, observe } = this.#options;
    const session = openSession(about, {
      store: this.#store,
      forks: this.#forks,
      keysFolder: join(dataFolder, 'keys'),
      clinic,
      log,
      ended: (result) => {
        this.#sessions.delete(session);
        this.#healthy = result.state === 'sealed';
        observe?.active(this.#sessions.size);
        if (result.state === 'broken') observe?.broke();
      },
    });
    this.#sessions.add(session);
    observe?.active(this.#sessions.size);
    return session;
  }

  /** False since a recording broke, until one is whole again. */
  get healthy(): boolean {
    return this.#healthy;
  }

  /** Ends every recording, then the server. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.stop()));
    await this.#forks.close();
    this.#store.close();
  }
}
