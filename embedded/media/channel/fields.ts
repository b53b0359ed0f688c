/* A channel's state, caller profile and variables as the keys of its events (spec section 5). */
import type { EventFields } from '../esl/codec.ts';
import type { CallState } from './channel.ts';

type View = {
  readonly uuid: string;
  readonly name: string;
  readonly callState: CallState;
  readonly hangupCause: string | null;
  readonly profile: EventFields;
  text(variable: string): string | undefined;
};

/** The common keys of every event of the channel. */
export function stateFields(channel: View, bridged: boolean): EventFields {
  const { uuid, name, callState, hangupCause, profile } = channel;
  const ended = hangupCause !== null;
  const { 'Other-Type': otherType, ...caller } = profile;
  return {
    'Channel-State': callState === 'HANGUP' ? 'CS_HANGUP' : bridged ? 'CS_SOFT_EXECUTE' : 'CS_EXECUTE',
    'Channel-Call-State': callState,
    'Channel-State-Number': ended ? '10' : bridged ? '3' : '4',
    'Channel-Name': name,
    'Unique-ID': uuid,
    'Call-Direction': 'inbound',
    'Presence-Call-Direction': 'inbound',
    'Channel-HIT-Dialplan': 'true',
    'Channel-Call-UUID': uuid,
    'Answer-State': ended ? 'hangup' : 'answered',
    ...(hangupCause === null ? {} : { 'Hangup-Cause': hangupCause }),
    ...codecFields('Read', channel.text('read_codec')),
    ...codecFields('Write', channel.text('write_codec')),
    ...profileFields('Caller', caller),
    ...(otherType === undefined ? {} : { 'Other-Type': otherType }),
  };
}

/** The caller profile; CHANNEL_DATA has it under `Channel` too. */
export function profileFields(prefix: string, profile: EventFields): EventFields {
  return Object.fromEntries(Object.entries(profile).map(([key, value]) => [`${prefix}-${key}`, value]));
}

export function variableFields(variables: ReadonlyMap<string, string | string[]>): EventFields {
  const fields: EventFields = {};
  for (const [name, value] of variables) fields[`variable_${name}`] = value;
  return fields;
}

function codecFields(side: 'Read' | 'Write', codec = 'PCMU'): EventFields {
  return {
    [`Channel-${side}-Codec-Name`]: codec,
    [`Channel-${side}-Codec-Rate`]: '8000',
    [`Channel-${side}-Codec-Bit-Rate`]: '64000',
  };
}
