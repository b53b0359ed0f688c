/** Where an emergency crew finds a phone: street address, floor and room (RFC 5139). */
export type CivicAddress = {
  /** ISO 3166, two capitals. */
  readonly country: string;
  readonly state: string;
  readonly city: string;
  readonly houseNumber: string;
  readonly street: string;
  readonly postalCode: string;
  readonly placeName: string | null;
  readonly floor: string | null;
  readonly room: string | null;
};

// Element names of RFC 5139 §3.1 and RFC 4776; the schema wants them in this order.
const elements: readonly (readonly [string, keyof CivicAddress])[] = [
  ['country', 'country'],
  ['A1', 'state'],
  ['A3', 'city'],
  ['HNO', 'houseNumber'],
  ['NAM', 'placeName'],
  ['PC', 'postalCode'],
  ['FLR', 'floor'],
  ['ROOM', 'room'],
  ['RD', 'street'],
];

/** PIDF-LO (RFC 4119, 5139, 5491) of `entity`, a SIP URI. The address is the clinic's, as an admin entered it. */
export function pidfLo(entity: string, address: CivicAddress, at: Date): string {
  const civic = elements.flatMap(([name, key]) => {
    const value = address[key];
    return value === null || value === '' ? [] : [`<ca:${name}>${escapeXml(value)}</ca:${name}>`];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"' +
      ' xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"' +
      ` xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="${escapeXml(entity)}">`,
    '<dm:device id="phone"><gp:geopriv><gp:location-info>',
    `<ca:civicAddress>${civic.join('')}</ca:civicAddress>`,
    // RFC 4119 §2.2.2: the rules must be there; whoever answers may keep it and pass it on to the crew.
    '</gp:location-info><gp:usage-rules><gp:retransmission-allowed>true</gp:retransmission-allowed></gp:usage-rules>',
    '<gp:method>Manual</gp:method></gp:geopriv>',
    `<dm:timestamp>${at.toISOString()}</dm:timestamp></dm:device>`,
    '</presence>',
    '',
  ].join('\r\n');
}

/** '1200 Main Street, floor 2, room 204, Silver Spring MD 20910' for people. */
export function inWords(address: CivicAddress): string {
  const { houseNumber, street, floor, room, city, state, postalCode, placeName } = address;
  const parts = [placeName, `${houseNumber} ${street}`, floor && `floor ${floor}`, room && `room ${room}`];
  return [...parts, `${city} ${state} ${postalCode}`].filter(Boolean).join(', ');
}

const entities: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};
const escapeXml = (text: string) => text.replace(/[<>&"']/g, (character) => entities[character] ?? '');
