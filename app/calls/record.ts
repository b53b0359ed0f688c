import type { RecordingLost, RecordingSession } from '../../recordings/session.ts';
import type { AnsweredLeg } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';

const maxRestarts = 3;

/** Records a call from now to `stop`. Its trouble is shown and counted, and never ends the call. */
export class CallRecording {
  readonly #session: RecordingSession;
  readonly #caller: AnsweredLeg;
  readonly #call: Call;
  readonly #on: CallDeps;
  #stopped = false;

  private constructor(session: RecordingSession, caller: AnsweredLeg, call: Call, on: CallDeps) {
    this.#session = session;
    this.#caller = caller;
    this.#call = call;
    this.#on = on;
  }

  /** Starts the stereo fork on the caller's endpoint: caller left, what the caller hears right. */
  static start(caller: AnsweredLeg, call: Call, on: CallDeps): CallRecording | null {
    if (!on.record) return null;
    const law =
      /a=rtpmap:8 PCMA/i.test(caller.endpoint.localSdp) && !/m=audio \d+ \S+ 0\b/.test(caller.endpoint.localSdp)
        ? 'PCMA'
        : 'PCMU';
    const session = on.record({ callId: call.id, startedAt: new Date(), law });
    const recording = new CallRecording(session, caller, call, on);
    void recording.#run();
    return recording;
  }

  /** Leaves out what is said and keyed until `resume` (a date of birth, a payment). */
  pause(): void {
    this.#session.pause();
  }

  resume(): void {
    this.#session.resume();
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const result = this.#session.stop();
    if (!this.#caller.endpoint.gone.aborted) await this.#caller.endpoint.stopFork().catch(() => {});
    const { state, because, durationMs } = await result;
    this.#call.event('recorded', { recordingId: this.#session.id, state, because, durationMs });
    this.#call.show({ recording: state === 'broken' ? 'broken' : 'off' });
  }

  async #run(): Promise<void> {
    let fork: Pick<RecordingSession, 'forkUrl' | 'metadata' | 'opened' | 'lost'> = this.#session;
    for (let attempt = 0; attempt <= maxRestarts && !this.#over(); attempt += 1) {
      try {
        await this.#caller.endpoint.startFork(fork.forkUrl, fork.metadata);
      } catch (error) {
        this.#broke('the audio fork was refused', error);
        return;
      }
      if (await fork.opened) this.#opened(attempt);
      const lost = await this.#lossOf(fork.lost);
      if (lost === null || lost.kind === 'broken') {
        if (lost) this.#broke(lost.because);
        return;
      }
      // mod_audio_fork does not reconnect by itself: a new fork goes on with the same recording.
      this.#call.event('recording-gap', { because: lost.because });
      await this.#caller.endpoint.stopFork().catch(() => {});
      fork = this.#session.restart();
    }
    if (!this.#over()) this.#broke('the recorder could not be reached');
  }

  #opened(attempt: number): void {
    this.#call.event(attempt === 0 ? 'recording' : 'recording-resumed', { recordingId: this.#session.id });
    this.#call.show({ recording: 'on' });
    if (attempt === 0) this.#call.reached('recording');
  }

  /** Null: the call ended first. */
  async #lossOf(lost: AbortSignal): Promise<RecordingLost | null> {
    const either = AbortSignal.any([lost, this.#caller.ended]);
    if (!either.aborted)
      await new Promise<void>((resolve) => either.addEventListener('abort', () => resolve(), { once: true }));
    return lost.aborted && !this.#over() ? (lost.reason as RecordingLost) : null;
  }

  #over(): boolean {
    return this.#stopped || this.#caller.ended.aborted;
  }

  #broke(because: string, error?: unknown): void {
    if (this.#over()) return;
    this.#on.metrics.recordingFailuresTotal.inc();
    this.#call.log.error({ err: error, because }, 'recording broke; the call goes on');
    this.#call.event('recording-broken', { because });
    this.#call.show({ recording: 'broken' });
  }
}
