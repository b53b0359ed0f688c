/* What the control thread and a media worker say to each other. `id` is a channel's UUID. */
import type { Law } from './g711.ts';

/** The outcome of an offer and answer, as far as RTP is concerned. */
export type MediaSettings = {
  readonly law: Law;
  /** Payload types of telephone-event and of the law, as the peer numbered them; null: no telephone-event. */
  readonly eventType: number | null;
  readonly ptimeMs: number;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly rtcpPort: number;
  readonly send: boolean;
  readonly receive: boolean;
};

export type ForkSettings = {
  readonly name: string;
  readonly url: string;
  readonly mix: 'mono' | 'mixed' | 'stereo';
  readonly rate: number;
  readonly metadata: string;
  /** `user:password`, or empty. */
  readonly basicAuth: string;
  readonly subprotocol: string;
  readonly allowSelfSigned: boolean;
  readonly bufferSeconds: number;
  /** Sample rate of audio that the server streams back to be played; 0: it may not. */
  readonly playRate: number;
};

export type RecordSettings = {
  readonly recordId: number;
  readonly path: string;
  /** 'read': the caller, mono. 'mixed': both in one channel. 'stereo': caller left, what it hears right. */
  readonly mix: 'read' | 'mixed' | 'stereo';
  readonly limitSeconds: number;
  /** Mean absolute sample below which a frame is silent; 0: silence does not end the recording. */
  readonly silenceThreshold: number;
  readonly silenceSeconds: number;
};

export type ForkCommand =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'stop'; readonly text: string }
  | { readonly kind: 'pause' | 'resume' | 'graceful' | 'stopPlay' };

export type ToWorker =
  | { op: 'open'; id: string; host: string; port: number }
  | { op: 'close'; id: string }
  | { op: 'media'; id: string; media: MediaSettings }
  | { op: 'timeout'; id: string; seconds: number }
  | { op: 'play'; id: string; playId: number; name: string; offset: number }
  | { op: 'stop'; id: string; playId: number }
  | { op: 'bridge'; id: string; peer: string; peerWorker: number }
  | { op: 'unbridge'; id: string }
  | { op: 'mute'; id: string; direction: 'read' | 'write'; muted: boolean }
  | { op: 'dtmf'; id: string; digits: string; durationMs: number }
  | { op: 'listenForTones'; id: string; on: boolean }
  | { op: 'fork'; id: string; fork: ForkSettings }
  | { op: 'forkCommand'; id: string; name: string; command: ForkCommand }
  | { op: 'record'; id: string; record: RecordSettings }
  | { op: 'stopRecord'; id: string; recordId: number }
  | { op: 'conference'; id: string; room: string; muted: boolean; deaf: boolean }
  | { op: 'leave'; id: string }
  | { op: 'stats'; id: string; request: number }
  | { op: 'link'; worker: number; port: import('node:worker_threads').MessagePort };

export type PlayEnd = {
  readonly status: 'done' | 'break' | 'missing';
  /** Samples played, at the file's own rate. */
  readonly samples: number;
  readonly milliseconds: number;
  /** Samples at 8 kHz from the beginning of the file. */
  readonly position: number;
};

export type RecordEnd = {
  readonly cause: 'limit' | 'silence' | 'stopped' | 'failed';
  readonly samples: number;
  readonly fileBytes: number;
};

export type MediaStats = {
  readonly packetsIn: number;
  readonly bytesIn: number;
  readonly eventsIn: number;
  readonly lostIn: number;
  readonly lateIn: number;
  readonly refusedIn: number;
  readonly jitterMs: number;
  readonly packetsOut: number;
  readonly bytesOut: number;
  readonly eventsOut: number;
  /** What the peer's receiver reports say of our stream (RFC 3550 §6.4). */
  readonly remoteLost: number;
  readonly remoteJitterMs: number;
  readonly rtcpIn: number;
};

export type FromWorker =
  | { ev: 'ready' }
  | { ev: 'opened'; id: string; ok: boolean; ssrc: number }
  | { ev: 'closed'; id: string }
  | { ev: 'playing'; id: string; playId: number }
  | { ev: 'played'; id: string; playId: number; end: PlayEnd }
  | {
      ev: 'digit';
      id: string;
      digit: string;
      duration: number;
      ssrc: number;
      timestamp: number;
      source: 'RTP' | 'INBAND_AUDIO';
    }
  | { ev: 'fork'; id: string; name: string; event: string; body: string | null }
  | { ev: 'recorded'; id: string; recordId: number; end: RecordEnd }
  | { ev: 'mediaTimeout'; id: string }
  | { ev: 'talking'; id: string; talking: boolean }
  | { ev: 'stats'; id: string; request: number; stats: MediaStats }
  | { ev: 'skipped'; ticks: number };
