/*
 * What the rest of Chartline knows of media. `media/freeswitch.ts` is the one implementation; no fsmrf type leaves it.
 * An *endpoint* is one media channel: one party's audio. Every operation has a deadline behind this port.
 */

export type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '*' | '#' | 'A' | 'B' | 'C' | 'D';

/** A prompt ready to play: absolute path of a WAV file that the media server can read. */
export type PromptFile = string;

export type CollectOptions = {
  readonly prompts: readonly PromptFile[];
  readonly minDigits: number;
  readonly maxDigits: number;
  /** From the end of the prompt to the first digit. */
  readonly timeoutMs: number;
  readonly interDigitMs: number;
  /** Digit that ends the entry and is not part of it; null: none. */
  readonly terminator: Digit | null;
};

export interface MediaEndpoint {
  /** FreeSWITCH channel UUID. */
  readonly id: string;
  /** Our SDP: the answer, or the offer when it was created without a remote one. */
  readonly localSdp: string;
  /** Aborted when the channel is gone, whoever ended it. */
  readonly gone: AbortSignal;
  /** Plays all; resolves when played, stopped by `signal`, or the endpoint is gone. */
  play(prompts: readonly PromptFile[], signal?: AbortSignal): Promise<void>;
  /** Plays the prompts, barge-in allowed, and collects digits; '' when none came. */
  collect(options: CollectOptions, signal?: AbortSignal): Promise<string>;
  onDigit(handler: (digit: Digit, durationMs: number) => void): void;
  /** Gives the peer's SDP to an endpoint that made the offer, or a new one after a re-INVITE; resolves with our SDP. */
  modify(remoteSdp: string): Promise<string>;
  bridge(other: MediaEndpoint): Promise<void>;
  unbridge(): Promise<void>;
  /** Streams this party left and what it hears right, 16-bit PCM 8 kHz, to a WebSocket (mod_audio_fork). */
  startFork(url: string, metadata: Readonly<Record<string, string>>): Promise<void>;
  stopFork(): Promise<void>;
  destroy(): Promise<void>;
}

export interface MediaServer {
  readonly available: boolean;
  /** With `remoteSdp` our SDP answers it; without, it is an offer and `modify` completes it. Throws `MediaFailure`. */
  createEndpoint(remoteSdp: string | null): Promise<MediaEndpoint>;
  /** Whether the channel of an earlier process is still there; false when the server cannot say. */
  hasChannel(id: string): Promise<boolean>;
  /** Ends a channel of an earlier process. Never rejects. */
  endChannel(id: string): Promise<void>;
  close(): Promise<void>;
}
