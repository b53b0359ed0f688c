import type Mrf from 'drachtio-fsmrf';
import { MediaFailure, within } from './errors.ts';
import type { CollectOptions, Digit, MediaEndpoint, PromptFile } from './ports.ts';

const commandTimeoutMs = 4_000;
/** Named on start and stop: without a name fsmrf's start makes a nameless bug, which a stop without one never finds. */
const forkName = 'chartline';
/** Longer than any prompt: a playback that never completes ends here. */
const playTimeoutMs = 120_000;

/** One FreeSWITCH channel behind our port: every operation has a deadline and ends when the channel does. */
export class FreeswitchEndpoint implements MediaEndpoint {
  readonly #endpoint: Mrf.Endpoint;
  readonly #gone = new AbortController();
  #localSdp: string;

  constructor(endpoint: Mrf.Endpoint) {
    this.#endpoint = endpoint;
    this.#localSdp = endpoint.local.sdp;
    endpoint.on('destroy', () => this.#gone.abort());
    endpoint.dialog?.on('destroy', () => this.#gone.abort());
    if (endpoint.dialog?.connected === false) this.#gone.abort();
  }

  get id(): string {
    return this.#endpoint.uuid;
  }
  get localSdp(): string {
    return this.#localSdp;
  }
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  async play(prompts: readonly PromptFile[], signal?: AbortSignal): Promise<void> {
    if (prompts.length === 0) return;
    await this.#playing('playing', signal, () => this.#endpoint.play([...prompts]));
  }

  async collect(options: CollectOptions, signal?: AbortSignal): Promise<string> {
    const [first = 'silence_stream://100', ...rest] = options.prompts;
    const entered = await this.#playing('collecting digits', signal, () =>
      this.#endpoint.playCollect({
        file: rest.length === 0 ? first : `file_string://${options.prompts.join('!')}`,
        min: options.minDigits,
        max: options.maxDigits,
        tries: 1,
        timeout: options.timeoutMs,
        terminators: options.terminator ?? 'none',
        digitTimeout: options.interDigitMs,
        varName: 'chartline_digits',
      }),
    );
    return entered?.digits ?? '';
  }

  onDigit(handler: (digit: Digit, durationMs: number) => void): void {
    this.#endpoint.on('dtmf', (event: { dtmf: Digit; duration: string }) => {
      // DTMF-Duration counts 8 kHz timestamp units.
      handler(event.dtmf, Number(event.duration) / 8);
    });
  }

  async modify(remoteSdp: string): Promise<string> {
    this.#localSdp = await this.#command('modifying', () => this.#endpoint.modify(remoteSdp));
    return this.#localSdp;
  }

  async bridge(other: MediaEndpoint): Promise<void> {
    if (!(other instanceof FreeswitchEndpoint)) throw new MediaFailure('endpoints of two media servers');
    // Parties who talk go on talking when the app dies (design.md §7).
    const stay = { socket_resume: 'false' };
    await Promise.all([
      this.#command('preparing a bridge', () => this.#endpoint.set(stay)),
      other.#command('preparing a bridge', () => other.#endpoint.set(stay)),
    ]);
    await this.#command('bridging', () => this.#endpoint.bridge(other.#endpoint));
  }

  async unbridge(): Promise<void> {
    await this.#command('unbridging', () => this.#endpoint.unbridge());
    await this.#command('after a bridge', () => this.#endpoint.set({ socket_resume: 'true' }));
  }

  async startFork(url: string, metadata: Readonly<Record<string, string>>): Promise<void> {
    await this.#command('starting the audio fork', () =>
      this.#endpoint.forkAudioStart({ wsUrl: url, mixType: 'stereo', sampling: '8000', bugname: forkName, metadata }),
    );
  }

  async stopFork(): Promise<void> {
    await this.#command('stopping the audio fork', () => this.#endpoint.forkAudioStop(forkName));
  }

  async destroy(): Promise<void> {
    if (this.#gone.signal.aborted) return;
    await within(commandTimeoutMs, 'ending an endpoint', this.#endpoint.destroy()).catch(() => {});
    this.#gone.abort();
  }

  #command<T>(what: string, run: () => Promise<T>): Promise<T> {
    if (this.#gone.signal.aborted) return Promise.reject(new MediaFailure(`${what}: the endpoint is gone`));
    return within(commandTimeoutMs, what, run());
  }

  /** Runs a playback until it ends, `signal` breaks it, or the channel is gone: fsmrf never settles the last case. */
  async #playing<T>(what: string, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T | null> {
    if (this.#gone.signal.aborted || signal?.aborted) return null;
    const stopped = Promise.withResolvers<null>();
    const onStop = () => {
      if (!this.#gone.signal.aborted) this.#endpoint.api('uuid_break', [this.id, 'all']).catch(() => {});
      stopped.resolve(null);
    };
    signal?.addEventListener('abort', onStop, { once: true });
    this.#gone.signal.addEventListener('abort', onStop, { once: true });
    try {
      return await within(playTimeoutMs, what, Promise.race([run(), stopped.promise]));
    } catch (error) {
      if (this.#gone.signal.aborted) return null;
      throw error;
    } finally {
      signal?.removeEventListener('abort', onStop);
      this.#gone.signal.removeEventListener('abort', onStop);
    }
  }
}
