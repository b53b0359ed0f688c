/* A conference: members by number, their rights, the events that tell of them. The mixing is rtp/room.ts's. */
import { randomUUID } from 'node:crypto';
import type { Channel } from '../channel/channel.ts';
import type { EventFields } from '../esl/codec.ts';

export type JoinFlags = { readonly muted: boolean; readonly deaf: boolean; readonly endsConference: boolean };

export type Member = {
  readonly id: number;
  readonly channel: Channel;
  readonly endsConference: boolean;
  muted: boolean;
  deaf: boolean;
  talking: boolean;
  /** Lets the `conference` application of the channel complete. */
  readonly left: () => void;
};

let lastMemberId = 0;

export class Conference {
  readonly name: string;
  readonly uuid = randomUUID();
  readonly profile: string;
  readonly pin: string;
  readonly members = new Map<number, Member>();
  readonly #onEmpty: () => void;
  maxMembers = 0;
  locked = false;

  constructor(name: string, profile: string, pin: string, onEmpty: () => void) {
    this.name = name;
    this.profile = profile;
    this.pin = pin;
    this.#onEmpty = onEmpty;
  }

  add(channel: Channel, flags: JoinFlags, left: () => void): Member {
    const member: Member = { id: ++lastMemberId, channel, talking: false, left, ...flags };
    const first = this.members.size === 0;
    this.members.set(member.id, member);
    channel.conferenceMember = { leave: () => this.remove(member) };
    channel.onTalking = (talking) => this.#onTalking(member, talking);
    this.#applyRights(member);
    this.publish(member, 'add-member');
    if (first) this.publish(member, 'floor-change', { 'Old-ID': 'none', 'New-ID': String(member.id), Floor: 'true' });
    return member;
  }

  remove(member: Member): void {
    if (!this.members.delete(member.id)) return;
    const { channel } = member;
    channel.conferenceMember = null;
    channel.onTalking = () => {};
    channel.media.leaveRoom();
    this.publish(member, 'del-member');
    member.left();
    if (member.endsConference) for (const other of [...this.members.values()]) this.remove(other);
    if (this.members.size === 0) this.#onEmpty();
  }

  setMuted(member: Member, muted: boolean): void {
    member.muted = muted;
    this.#applyRights(member);
    this.publish(member, muted ? 'mute-member' : 'unmute-member');
  }

  setDeaf(member: Member, deaf: boolean): void {
    member.deaf = deaf;
    this.#applyRights(member);
    this.publish(member, deaf ? 'deaf-member' : 'undeaf-member');
  }

  kick(member: Member): void {
    this.publish(member, 'kick-member');
    this.remove(member);
  }

  /** Plays a file to one member, told when it has begun and ended. */
  async play(member: Member, file: string): Promise<void> {
    this.publish(member, 'play-file-member', { File: file });
    await member.channel.files.play(file, 0, new AbortController().signal);
    if (this.members.has(member.id)) this.publish(member, 'play-file-member-done', { File: file });
  }

  publish(member: Member, action: string, more: EventFields = {}): void {
    member.channel.publish('CUSTOM', {
      'Event-Subclass': 'conference::maintenance',
      'Conference-Name': this.name,
      'Conference-Domain': member.channel.host.address,
      'Conference-Size': String(this.members.size),
      'Conference-Ghosts': '0',
      'Conference-Profile-Name': this.profile,
      'Conference-Unique-ID': this.uuid,
      Floor: 'false',
      Video: 'false',
      Hear: String(!member.deaf),
      See: 'false',
      Speak: String(!member.muted),
      Talking: String(member.talking),
      'Mute-Detect': 'false',
      Hold: 'false',
      'Member-ID': String(member.id),
      'Member-Type': 'member',
      'Member-Ghost': 'false',
      'Energy-Level': '100',
      'Current-Energy': '0',
      Action: action,
      ...more,
    });
  }

  #applyRights({ channel, muted, deaf }: Member): void {
    channel.media.joinRoom(this.uuid, muted, deaf);
  }

  #onTalking(member: Member, talking: boolean): void {
    member.talking = talking;
    this.publish(member, talking ? 'start-talking' : 'stop-talking');
  }
}
