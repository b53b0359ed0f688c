/* An event and the keys that every one carries. */
import { randomUUID } from 'node:crypto';
import type { EventFields } from './codec.ts';

export type EslEvent = {
  readonly name: string;
  /** Event-Subclass of a CUSTOM event, else empty. */
  readonly subclass: string;
  readonly fields: EventFields;
  /** As it goes over the wire, made once however many listeners there are. */
  readonly json: string;
};

export const version = '1.11.3-embedded';
const coreUuid = randomUUID();
const hostname = 'embedded';
let sequence = 0;

/** Keys of every event and of CHANNEL_DATA, with the time of `now`. */
export function baseFields(name: string, address: string, now = Date.now()): EventFields {
  const local = new Date(now - new Date(now).getTimezoneOffset() * 60_000).toISOString();
  return {
    'Event-Name': name,
    'Core-UUID': coreUuid,
    'FreeSWITCH-Hostname': hostname,
    'FreeSWITCH-Switchname': hostname,
    'FreeSWITCH-IPv4': address,
    'FreeSWITCH-IPv6': '::1',
    'Event-Date-Local': local.slice(0, 19).replace('T', ' '),
    'Event-Date-GMT': new Date(now).toUTCString(),
    'Event-Date-Timestamp': String(now * 1000),
    'Event-Calling-File': 'engine.ts',
    'Event-Calling-Function': 'publish',
    'Event-Calling-Line-Number': '1',
    'Event-Sequence': String(++sequence),
  };
}

/** Completes an event; `body` becomes `_body` with its Content-Length, where drachtio-modesl looks for it. */
export function makeEvent(fields: EventFields, body: string | null = null): EslEvent {
  const all: EventFields =
    body === null ? fields : { ...fields, 'Content-Length': String(Buffer.byteLength(body)), _body: body };
  return {
    name: String(fields['Event-Name']),
    subclass: String(fields['Event-Subclass'] ?? ''),
    fields: all,
    json: JSON.stringify(all),
  };
}
