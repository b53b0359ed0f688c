/*
 * One call leg inside the engine: its variables, the applications that run on it, its event socket, its bridge.
 *
 *   executing (socket) --bridge--> bridged --unbridge or the other's end--> parked --bridge--> ...
 *   any of them --hangup--> ended
 *
 * Applications run nested: what is started while another runs goes first (spec section 5).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { block, type EventFields, encodeValue, plainLines } from '../esl/codec.ts';
import { baseFields, type EslEvent, makeEvent } from '../esl/event.ts';
import type { OutboundSocket } from '../esl/outbound.ts';
import type { MediaEvent, MediaHandle } from '../rtp/pool.ts';
import { reasonHeader } from './causes.ts';
import { profileFields, stateFields, variableFields } from './fields.ts';
import { ChannelFiles } from './files.ts';

export type CallState = 'ACTIVE' | 'HELD' | 'UNHELD' | 'RINGING' | 'HANGUP';
const callStateNumber: Readonly<Record<CallState, string>> = {
  RINGING: '2',
  ACTIVE: '4',
  HELD: '5',
  UNHELD: '9',
  HANGUP: '7',
};

/** How long a bridge waits with its events for applications that it broke. */
const bridgeWaitMs = 200;

/** The SIP side of a channel. */
export type Dialog = { bye(reason: string): void };

/** Who ends a running application, and how. */
type StopReason = 'break' | 'hangup';

export type Execution = {
  readonly app: string;
  readonly arg: string | undefined;
  /** The Event-UUID of the request. */
  readonly uuid: string;
  readonly stopped: AbortSignal;
};

/** Runs an application; resolves with its Application-Response. */
export type Application = (channel: Channel, execution: Execution) => Promise<string> | string;

export type ChannelHost = {
  readonly address: string;
  publish(event: EslEvent): void;
  /** Null: there is no such application. */
  application(name: string): Application | null;
  onEnded(channel: Channel): void;
};

type Running = Execution & { readonly controller: AbortController; finished: Promise<void> };

export class Channel {
  readonly uuid: string;
  readonly name: string;
  readonly variables = new Map<string, string | string[]>();
  readonly media: MediaHandle;
  readonly host: ChannelHost;
  readonly profile: EventFields;
  readonly forks = new Set<string>();
  /** record_session by path. */
  readonly sessionRecordings = new Map<string, number>();
  dialog: Dialog | null = null;
  socket: OutboundSocket | null = null;
  bridgedTo: Channel | null = null;
  /** The conference it is in. */
  conferenceMember: { readonly leave: () => void } | null = null;
  onTalking: (talking: boolean) => void = () => {};
  callState: CallState = 'ACTIVE';
  hangupCause: string | null = null;
  readonly #running: Running[] = [];
  readonly files: ChannelFiles;
  readonly #digitReaders: ((digit: string) => void)[] = [];
  #base = { app: 'socket', arg: '', uuid: randomUUID() as string };

  constructor(host: ChannelHost, media: MediaHandle, name: string, profile: EventFields) {
    this.uuid = media.id;
    this.host = host;
    this.media = media;
    this.name = name;
    this.profile = { ...profile, 'Unique-ID': media.id };
    this.files = new ChannelFiles(this);
    media.onEvent = (event) => this.#onMedia(event);
  }

  get ended(): boolean {
    return this.hangupCause !== null;
  }

  get hasSocket(): boolean {
    return this.socket !== null;
  }

  text(name: string): string | undefined {
    const value = this.variables.get(name);
    return typeof value === 'string' ? value : value?.join('|');
  }

  /** The socket application begins; `address` is its argument's host and port. */
  beginSocket(address: string): void {
    this.#base = { app: 'socket', arg: `${address} async full`, uuid: randomUUID() };
    this.variables.set('current_application', 'socket');
    this.variables.set('current_application_data', this.#base.arg);
    this.variables.set('socket_host', address.replace(/:\d+$/, ''));
  }

  /** Starts an application now, whatever else runs. An unknown one ends the call, as the real server does. */
  execute(app: string, arg: string | undefined, uuid: string): void {
    const application = this.host.application(app);
    if (application === null) {
      this.hangup('DESTINATION_OUT_OF_ORDER');
      return;
    }
    const controller = new AbortController();
    const running: Running = { app, arg, uuid, stopped: controller.signal, controller, finished: Promise.resolve() };
    this.variables.set('current_application', app);
    if (arg) this.variables.set('current_application_data', arg);
    else this.variables.delete('current_application_data');
    this.#publishExecute('CHANNEL_EXECUTE', running);
    this.#running.push(running);
    running.finished = this.#run(application, running);
  }

  /** Ends the application that runs on top, or all of them; never the one that asks. */
  break(all: boolean, asking?: Execution): void {
    const others = this.#running.filter((running) => running.uuid !== asking?.uuid).reverse();
    for (const { controller } of all ? others : others.slice(0, 1)) controller.abort('break' satisfies StopReason);
  }

  /** Calls `read` for each digit until the returned function is called; only the latest reader gets them. */
  readDigits(read: (digit: string) => void): () => void {
    this.#digitReaders.push(read);
    return () => {
      const at = this.#digitReaders.indexOf(read);
      if (at >= 0) this.#digitReaders.splice(at, 1);
    };
  }

  setCallState(state: CallState): void {
    if (state === this.callState) return;
    const original = this.callState;
    this.callState = state;
    this.publish('CHANNEL_CALLSTATE', {
      'Original-Channel-Call-State': original,
      'Channel-Call-State-Number': callStateNumber[state],
    });
  }

  /** Connects two channels' audio; both have been found fit by the caller. */
  bridge(other: Channel): void {
    for (const channel of [this, other]) channel.#leaveForBridge();
    this.media.bridge(other.media);
    other.media.bridge(this.media);
    this.#enterBridge(other, 'originatee');
    other.#enterBridge(this, 'originator');
  }

  /** Ends the bridge, if any; this leg, and the other one too with `both`, goes on parked. */
  unbridge(both: boolean): void {
    const other = this.bridgedTo;
    this.#leaveBridge();
    this.park();
    if (other === null) return;
    other.#leaveBridge();
    if (both || other.text('park_after_bridge') === 'true') other.park();
    else other.hangup('NORMAL_CLEARING');
  }

  park(): void {
    if (this.ended) return;
    this.setCallState('RINGING');
    this.setCallState('ACTIVE');
    this.#base = { app: 'park', arg: '', uuid: randomUUID() };
    this.variables.set('current_application', 'park');
    this.variables.delete('current_application_data');
    this.#publishExecute('CHANNEL_EXECUTE', { app: 'park', arg: undefined, uuid: this.#base.uuid });
  }

  /** Ends the channel: applications, bridge, events, sockets, BYE. `by` 'peer': its BYE has come. 'kill': without last events. */
  hangup(cause: string, by: 'us' | 'peer' | 'kill' = 'us'): void {
    if (this.ended) return;
    this.hangupCause = cause;
    this.variables.set('sip_hangup_disposition', by === 'peer' ? 'recv_bye' : 'send_bye');
    this.conferenceMember?.leave();
    const running = [...this.#running].reverse();
    for (const { controller } of running) controller.abort('hangup' satisfies StopReason);
    if (by !== 'peer') this.dialog?.bye(reasonHeader(cause));
    this.#dropBridge(cause);
    this.files.abandon();
    setImmediate(() => this.#finish(by));
  }

  /** The app's socket is gone (design: `socket_resume`). */
  socketLost(): void {
    this.socket = null;
    if (this.ended || this.conferenceMember !== null) return;
    const talking = this.bridgedTo;
    const goOn =
      talking !== null && this.text('socket_resume') === 'false' && talking.text('socket_resume') === 'false';
    if (!goOn) this.hangup('NORMAL_CLEARING');
  }

  /** The block that answers `connect`. */
  channelData(): string {
    const fields = {
      ...baseFields('CHANNEL_DATA', this.host.address),
      ...profileFields('Channel', this.profile),
      ...this.#state(),
      ...variableFields(this.variables),
    };
    return `${plainLines(fields)}${block([
      ['Content-Type', 'command/reply'],
      ['Reply-Text', encodeValue('+OK\n')],
      ['Socket-Mode', 'async'],
      ['Control', 'full'],
    ])}`;
  }

  /** Body of uuid_dump. */
  dump(): string {
    return plainLines({
      ...baseFields('CHANNEL_DATA', this.host.address),
      ...this.#state(),
      ...variableFields(this.variables),
    });
  }

  publish(name: string, own: EventFields, withVariables = false, body: string | null = null): void {
    const variables = withVariables ? variableFields(this.variables) : {};
    this.host.publish(
      makeEvent({ ...baseFields(name, this.host.address), ...this.#state(), ...variables, ...own }, body),
    );
  }

  async #run(application: Application, running: Running): Promise<void> {
    let response: string;
    try {
      response = await application(this, running);
    } catch {
      response = 'ERROR';
    }
    if (response !== '') this.variables.set('current_application_response', response);
    const at = this.#running.indexOf(running);
    if (at >= 0) this.#running.splice(at, 1);
    this.#publishExecute('CHANNEL_EXECUTE_COMPLETE', running, response);
  }

  #publishExecute(
    name: string,
    { app, arg, uuid }: { app: string; arg: string | undefined; uuid: string },
    response?: string,
  ): void {
    const fields: EventFields = { Application: app, 'Application-UUID': uuid };
    if (arg) fields['Application-Data'] = arg;
    if (response !== undefined) fields['Application-Response'] = response === '' ? '_none_' : response;
    this.publish(name, fields, true);
  }

  #completeBase(): void {
    const { app, arg, uuid } = this.#base;
    this.#publishExecute('CHANNEL_EXECUTE_COMPLETE', { app, arg, uuid }, '');
  }

  #leaveForBridge(): void {
    if (this.bridgedTo !== null) this.unbridge(true);
    this.conferenceMember?.leave();
    this.break(true);
  }

  #enterBridge(other: Channel, role: string): void {
    this.bridgedTo = other;
    this.variables.set('bridge_channel', other.name);
    this.variables.set('bridge_uuid', other.uuid);
    this.profile['Other-Type'] = role;
    void this.#announceBridge(other);
  }

  /** Applications that were broken for the bridge complete before the base application does. */
  async #announceBridge(other: Channel): Promise<void> {
    const broken = Promise.allSettled(this.#running.map(({ finished }) => finished));
    await Promise.race([broken, pause(bridgeWaitMs)]);
    if (this.ended || this.bridgedTo !== other) return;
    this.#completeBase();
    this.#base = { app: 'uuid_bridge', arg: other.uuid, uuid: randomUUID() };
    this.publish('CHANNEL_EXECUTE', { Application: 'uuid_bridge', 'Application-Data': other.uuid }, true);
  }

  #leaveBridge(): void {
    const other = this.bridgedTo;
    if (other === null) return;
    this.bridgedTo = null;
    this.media.unbridge();
    this.variables.set('last_bridge_to', other.uuid);
    delete this.profile['Other-Type'];
  }

  /** The other party of a bridge stays, unless nobody is left to command it. */
  #dropBridge(cause: string): void {
    const other = this.bridgedTo;
    if (other === null) return;
    this.#leaveBridge();
    other.#leaveBridge();
    other.variables.set('last_bridge_hangup_cause', cause);
    other.#base = { app: 'park', arg: '', uuid: randomUUID() };
    if (!other.hasSocket || other.text('hangup_after_bridge') === 'true') other.hangup(cause);
  }

  #finish(by: 'us' | 'peer' | 'kill'): void {
    if (by !== 'kill') {
      this.#completeBase();
      this.setCallState('HANGUP');
    } else this.callState = 'HANGUP';
    this.socket?.end();
    this.socket = null;
    void this.media.close();
    this.host.onEnded(this);
  }

  #onMedia(event: MediaEvent): void {
    switch (event.ev) {
      case 'playing':
      case 'played':
      case 'recorded':
        this.files.onMedia(event);
        return;
      case 'digit':
        this.#onDigit(event);
        return;
      case 'fork':
        this.#onFork(event.name, event.event, event.body);
        return;
      case 'mediaTimeout':
        this.hangup('MEDIA_TIMEOUT');
        return;
      case 'workerLost':
        this.hangup('NORMAL_TEMPORARY_FAILURE');
        return;
      case 'talking':
        this.onTalking(event.talking);
        return;
    }
  }

  #onDigit({ digit, duration, ssrc, timestamp, source }: Extract<MediaEvent, { ev: 'digit' }>): void {
    if (this.ended) return;
    this.publish('DTMF', {
      'DTMF-Digit': digit,
      'DTMF-Duration': String(duration),
      'DTMF-Source': source,
      'DTMF-SSRC': String(ssrc),
      'DTMF-Timestamp': String(timestamp),
    });
    this.#digitReaders.at(-1)?.(digit);
  }

  #onFork(name: string, event: string, body: string | null): void {
    if (event === 'disconnect' || event === 'connect_failed') this.forks.delete(name);
    if (event === 'kill_audio') this.break(false);
    if (this.ended) return;
    this.publish('CUSTOM', { 'Event-Subclass': `mod_audio_fork::${event}`, 'media-bugname': name }, false, body);
  }

  #state(): EventFields {
    return stateFields(this, this.bridgedTo !== null);
  }
}
