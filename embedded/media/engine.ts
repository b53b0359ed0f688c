/*
 * The embedded media engine: what stands where FreeSWITCH stands for drachtio-fsmrf. This thread holds signaling, event
 * sockets and call state; audio lives in worker threads (rtp/).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { header, type SipRequest } from '../sip/message.ts';
import type { Flow } from '../sip/transport.ts';
import { type ApiHost, runApi } from './api/commands.ts';
import { applications } from './channel/applications.ts';
import { ChannelCall, callerProfile, setInviteVariables } from './channel/call.ts';
import { causeOf } from './channel/causes.ts';
import { Channel, type ChannelHost } from './channel/channel.ts';
import { Conferences } from './conference/conferences.ts';
import type { EslHeaders } from './esl/codec.ts';
import { type EslEvent, makeEvent } from './esl/event.ts';
import { isSocketAddress, OutboundSocket } from './esl/outbound.ts';
import { EslServer } from './esl/server.ts';
import { Heartbeat } from './heartbeat.ts';
import { MediaPool } from './rtp/pool.ts';
import { type Call, type Leg, type Refusal, SipProfile } from './sip/profile.ts';

/** What is told to the log. No numbers, digits or speech. */
export type Log = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
};

export type MediaEngineOptions = {
  readonly sipHost: string;
  /** UDP and TCP; 0: any that is free. */
  readonly sipPort: number;
  readonly eslHost: string;
  readonly eslPort: number;
  readonly eslSecret: string;
  readonly rtpHost: string;
  readonly rtpMin: number;
  readonly rtpMax: number;
  /** Media threads, default 1. A bridge may span two; the members of a conference must be in one, so leave it at 1 to have those. */
  readonly workers?: number;
  /** Folder of relative playback names, default the working directory. */
  readonly soundPath?: string;
  /** Seconds without RTP after which a call that should have some is ended, default 300; 0: never. Variable `rtp_timeout_sec` overrides it. */
  readonly mediaTimeoutSeconds?: number;
  /** Channels at once, default 1000. */
  readonly maxSessions?: number;
  readonly log: Log;
};

export type MediaEngine = {
  readonly sipPort: number;
  readonly eslPort: number;
  /** Ends every call with a BYE and releases all ports. */
  stop(): Promise<void>;
};

/** Starts the engine; rejects with Node's error when a port is taken. */
export async function startMediaEngine(options: MediaEngineOptions): Promise<MediaEngine> {
  const engine = new Engine(options);
  try {
    return await engine.start();
  } catch (cause) {
    await engine.stop();
    throw cause;
  }
}

class Engine implements ChannelHost, ApiHost {
  readonly address: string;
  readonly #options: MediaEngineOptions;
  readonly #channels = new Map<string, Channel>();
  readonly #pool: MediaPool;
  readonly #esl: EslServer;
  readonly #profile: SipProfile;
  readonly #heartbeat: Heartbeat;
  readonly #conferences = new Conferences();
  #sessions = 0;
  #stopping = false;

  constructor(options: MediaEngineOptions) {
    const { log, rtpHost, rtpMin, rtpMax, workers = 1, soundPath = process.cwd() } = options;
    this.#options = options;
    // An app cannot call 0.0.0.0: what it is told is the address that SDP tells, too.
    this.address = options.sipHost === '0.0.0.0' ? rtpHost : options.sipHost;
    this.#pool = new MediaPool({
      rtpHost,
      rtpMin,
      rtpMax,
      workers,
      soundPath,
      onTrouble: (what) => log.warn({}, what),
    });
    this.#esl = new EslServer(options.eslSecret, this);
    this.#profile = new SipProfile({
      newCall: (invite, flow, leg) => this.#newCall(invite, flow, leg),
      onError: (err) => options.log.warn({ err }, 'a fault in one call'),
    });
    this.#heartbeat = new Heartbeat({
      address: this.address,
      maxSessions: options.maxSessions ?? 1000,
      sessions: () => this.#channels.size,
      publish: (fields) => this.publish(makeEvent(fields)),
    });
  }

  async start(): Promise<MediaEngine> {
    const { eslHost, eslPort, sipHost, sipPort } = this.#options;
    const ready = this.#pool.ready();
    const boundSip = await this.#profile.listen(sipHost, sipPort, this.address);
    const boundEsl = await this.#esl.listen(eslHost, eslPort);
    await ready;
    this.#heartbeat.start();
    return { sipPort: boundSip, eslPort: boundEsl, stop: () => this.stop() };
  }

  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#heartbeat.stop();
    for (const channel of [...this.#channels.values()]) channel.hangup('NORMAL_CLEARING');
    // A moment for the BYEs to be answered; whoever is gone is not waited for.
    if (this.#channels.size > 0) await pause(50);
    await this.#pool.stop();
    await this.#esl.stop();
    await this.#profile.stop();
  }

  publish(event: EslEvent): void {
    this.#esl.publish(event);
    // A channel's events are its own socket's, but for a conference's: the control leg filters for those of the others.
    const uuid = event.subclass === 'conference::maintenance' ? undefined : event.fields['Unique-ID'];
    const own = typeof uuid === 'string' ? this.#channels.get(uuid) : undefined;
    if (own) own.socket?.event(event);
    else for (const channel of this.#channels.values()) channel.socket?.event(event);
  }

  application(name: string) {
    return name === 'conference' ? this.#conferences.join : (applications.get(name) ?? null);
  }

  onEnded(channel: Channel): void {
    this.#channels.delete(channel.uuid);
    this.#options.log.info({ channel: channel.uuid, cause: channel.hangupCause }, 'channel ended');
  }

  api(command: string): Promise<string> {
    return runApi(this, command);
  }

  sendmsg(uuid: string, headers: EslHeaders): string {
    const channel = this.#channels.get(uuid);
    if (channel === undefined || channel.ended) return `-ERR invalid session id [${uuid}]`;
    const command = headers.get('call-command');
    if (command === 'hangup') setImmediate(() => channel.hangup(causeOf(headers.get('hangup-cause') ?? '')));
    else if (command === 'execute') this.#execute(channel, headers);
    else return '-ERR invalid call-command';
    return '+OK';
  }

  channel(uuid: string): Channel | undefined {
    return this.#channels.get(uuid);
  }

  channels(): Iterable<Channel> {
    return this.#channels.values();
  }

  sofiaStatus(): string {
    const line = '='.repeat(97);
    const data = `sip:mod_sofia@${this.address}:${this.#profile.port}`;
    const row = (name: string, type: string, what: string, state: string) =>
      `${name.padStart(25)}\t${type}\t  ${what.padStart(40)}\t${state}\n`;
    const state = `RUNNING (${this.#channels.size})`;
    return `${row('Name', '   Type', 'Data', 'State')}${line}\n${row('drachtio_mrf', 'profile', data, state)}${line}\n1 profile 0 aliases\n`;
  }

  status(): string {
    return `${this.#heartbeat.upTime()}\n${this.#channels.size} session(s) - peak ${this.#heartbeat.peak}\n${this.#options.maxSessions ?? 1000} session(s) max\n`;
  }

  conference(words: readonly string[]): string {
    return this.#conferences.command(words);
  }

  /** The reply to sendmsg goes out before the application's first event. */
  #execute(channel: Channel, headers: EslHeaders): void {
    const app = headers.get('execute-app-name') ?? '';
    const arg = headers.get('execute-app-arg');
    const uuid = headers.get('event-uuid') ?? randomUUID();
    setImmediate(() => {
      if (!channel.ended) channel.execute(app, arg === '' ? undefined : arg, uuid);
    });
  }

  async #newCall(invite: SipRequest, flow: Flow, leg: Leg): Promise<Call | Refusal> {
    const { maxSessions = 1000, log, rtpHost, mediaTimeoutSeconds = 300 } = this.#options;
    const appAddress = header(invite, 'x-esl-outbound') ?? '';
    if (!isSocketAddress(appAddress)) return refusal(480, 'Temporarily Unavailable');
    if (this.#stopping || this.#channels.size >= maxSessions) return refusal(503, 'Maximum Calls In Progress');
    const uuid = randomUUID();
    const media = await this.#pool.open(uuid);
    if (media === null) return refusal(503, 'No Media Ports');
    const name = `sofia/drachtio_mrf/nobody@${flow.remote.address}:${flow.remote.port}`;
    const channel = new Channel(this, media, name, callerProfile(invite, flow, name));
    setInviteVariables(channel, invite, flow, {
      tag: leg.localTag,
      address: this.address,
      port: this.#profile.port,
      session: ++this.#sessions,
    });
    const id = Math.floor(Date.now() / 1000) + this.#sessions;
    const call = new ChannelCall(channel, { host: rtpHost, port: media.port, id, version: id + 1 }, () =>
      this.#connectApp(channel, appAddress),
    );
    const refused = call.start(invite.body);
    if (refused) {
      await media.close();
      return refused;
    }
    media.setTimeout(mediaTimeoutSeconds);
    channel.dialog = leg;
    this.#channels.set(uuid, channel);
    this.#heartbeat.count();
    log.info({ channel: uuid }, 'channel answered');
    return call;
  }

  #connectApp(channel: Channel, address: string): void {
    if (channel.ended) return;
    channel.beginSocket(address);
    channel.socket = new OutboundSocket(address, channel.uuid, {
      api: (command) => this.api(command),
      sendmsg: (uuid, headers) => this.sendmsg(uuid, headers),
      publish: (event) => this.publish(event),
      channelData: () => channel.channelData(),
      onLost: () => channel.socketLost(),
    });
  }
}

function refusal(status: number, reason: string): Refusal {
  return { kind: 'refusal', status, reason, headers: [] };
}
