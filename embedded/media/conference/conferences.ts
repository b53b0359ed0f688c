/* The conferences of the engine: the `conference` application and the `conference` api command (spec section 11). */
import type { Channel, Execution } from '../channel/channel.ts';
import { Conference, type JoinFlags, type Member } from './conference.ts';

type JoinRequest = { readonly name: string; readonly profile: string; readonly pin: string; readonly flags: JoinFlags };

/** `name[@profile][+pin][+flags{a|b}]`; null when it is none. */
export function parseJoin(text: string): JoinRequest | null {
  const found = /^([^@+\s]+)(?:@([^+\s]+))?(?:\+([^+\s]*))?(?:\+flags\{([^}]*)\})?$/.exec(text.trim());
  if (found === null) return null;
  const [, name = '', profile = 'default', pin = '', flagText = ''] = found;
  const flags = flagText.split('|');
  return {
    name,
    profile,
    pin: pin.startsWith('flags{') ? '' : pin,
    flags: {
      muted: flags.includes('mute'),
      deaf: flags.includes('deaf'),
      endsConference: flags.includes('endconf'),
    },
  };
}

export class Conferences {
  readonly #byName = new Map<string, Conference>();

  /** The application: resolves when the member has left. A join that is refused ends the call, as on the real server. */
  readonly join = (channel: Channel, { arg = '', stopped }: Execution): Promise<string> => {
    const request = parseJoin(arg);
    const conference = request && this.#conferenceFor(request);
    if (!request || !conference) {
      channel.hangup('CALL_REJECTED');
      return Promise.resolve('');
    }
    return new Promise((resolve) => {
      const member = conference.add(channel, request.flags, () => resolve(''));
      stopped.addEventListener('abort', () => conference.remove(member), { once: true });
    });
  };

  /** `<name> <verb> ...` */
  command(words: readonly string[]): string {
    const [name = '', verb = '', ...rest] = words;
    if (name === 'list' || name === '') return this.#byName.size === 0 ? 'No active conferences.\n' : this.#list();
    const conference = this.#byName.get(name);
    if (conference === undefined) return `-ERR Conference ${name} not found\n`;
    switch (verb) {
      case 'list':
        return rest[0] === 'count' ? String(conference.members.size) : listMembers(conference);
      case 'set':
      case 'get':
        return setting(conference, verb, rest);
      case 'lock':
      case 'unlock':
        conference.locked = verb === 'lock';
        return `+OK ${name} ${verb}ed\n`;
      case 'play':
        return play(conference, rest);
      case 'stop':
        for (const { channel } of selected(conference, rest[1])) channel.files.stopPlays();
        return '+OK Stopped\n';
      case 'transfer':
        return this.#transfer(conference, rest);
      default:
        return onMembers(conference, verb, rest[0]);
    }
  }

  #conferenceFor({ name, profile, pin }: JoinRequest): Conference | null {
    const known = this.#byName.get(name);
    if (known === undefined) {
      const fresh = new Conference(name, profile, pin, () => this.#byName.delete(name));
      this.#byName.set(name, fresh);
      return fresh;
    }
    const full = known.maxMembers > 0 && known.members.size >= known.maxMembers;
    return known.pin === pin && !known.locked && !full ? known : null;
  }

  /** `<new conference> <member>...`: the application of the old one completes, that of the new one is a new execution. */
  #transfer(from: Conference, [target = '', ...ids]: readonly string[]): string {
    const request = parseJoin(target);
    const members = ids.flatMap((id) => selected(from, id));
    if (request === null || members.length === 0) return '-ERR Invalid member\n';
    for (const member of members) {
      const { channel } = member;
      from.remove(member);
      channel.execute('conference', target, crypto.randomUUID());
    }
    return members.map(({ id }) => `OK Member '${id}' sent to conference ${request.name}.\n`).join('');
  }

  #list(): string {
    return [...this.#byName.values()]
      .map(({ name, members }) => `+OK Conference ${name} (${members.size} members)\n`)
      .join('');
  }
}

/** The member of that number, or all. */
function selected(conference: Conference, id = 'all'): Member[] {
  if (id === 'all') return [...conference.members.values()];
  const member = conference.members.get(Number(id));
  return member === undefined ? [] : [member];
}

function onMembers(conference: Conference, verb: string, id: string | undefined): string {
  const act = {
    mute: (member: Member) => conference.setMuted(member, true),
    unmute: (member: Member) => conference.setMuted(member, false),
    deaf: (member: Member) => conference.setDeaf(member, true),
    undeaf: (member: Member) => conference.setDeaf(member, false),
    kick: (member: Member) => conference.kick(member),
    hup: (member: Member) => conference.remove(member),
  }[verb];
  if (act === undefined) return `-ERR Conference command '${verb}' not found.\n`;
  const members = selected(conference, id);
  if (members.length === 0) return `-ERR Non-Existant ID ${id}\n`;
  for (const member of members) act(member);
  return members.map((member) => `+OK ${verb} ${member.id}\n`).join('');
}

function play(conference: Conference, [file = '', id]: readonly string[]): string {
  const members = selected(conference, id);
  if (file === '' || members.length === 0) return '-ERR Invalid member\n';
  for (const member of members) void conference.play(member, file);
  return id === undefined ? `+OK (play) Playing file ${file}\n` : `+OK (play) Playing file ${file} to member ${id}\n`;
}

function setting(conference: Conference, verb: string, [name = '', value = '']: readonly string[]): string {
  if (name !== 'max_members') return '-ERR Invalid parameter\n';
  const old = String(conference.maxMembers);
  if (verb === 'set') conference.maxMembers = Math.max(0, Number(value) || 0);
  return old;
}

function listMembers({ members }: Conference): string {
  const row = ({ id, channel, muted, deaf }: Member) =>
    `${id};${channel.name};${channel.uuid};unknown;unknown;${[deaf ? '' : 'hear', muted ? '' : 'speak'].filter(Boolean).join('|')}\n`;
  return [...members.values()].map(row).join('');
}
