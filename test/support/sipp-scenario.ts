import type { Law } from '../../embedded/media/rtp/g711.ts';

/** Where a trunk call comes from, as its headers say. */
export type TrunkCaller = {
  /** User part of From: a number in the trunk's own form, or `anonymous`. */
  readonly from: string;
  readonly display?: string;
  /** Full values of P-Asserted-Identity, Remote-Party-ID and others. */
  readonly headers?: Readonly<Record<string, string>>;
  /** INVITE without SDP: the answer to the clinic's offer goes with the ACK. */
  readonly lateOffer?: boolean;
};

export type ScenarioOptions = {
  readonly caller: TrunkCaller;
  readonly dialled: string;
  readonly laws: readonly Law[];
  readonly media: { readonly address: string; readonly port: number };
  /** Gives up by itself as soon as it rings. */
  readonly cancelAtRinging?: boolean;
};

const payloads: Readonly<Record<Law, number>> = { PCMU: 0, PCMA: 8 };
const refusals = [400, 403, 404, 408, 480, 481, 484, 486, 487, 488, 500, 501, 503, 600];

/**
 * A carrier's call, driven from outside by INFO requests with its own Call-ID, which a SIPp scenario can wait for like
 * for any message: one before the answer makes it CANCEL, one after makes it hang up. Whatever the callee decides is taken.
 */
export function trunkCallScenario({ caller, dialled, laws, media, cancelAtRinging }: ScenarioOptions): string {
  const from = `${caller.display ? `"${caller.display}" ` : ''}<sip:${caller.from}@carrier.example>;tag=[call_number]c`;
  const extra = Object.entries(caller.headers ?? {}).map(([name, value]) => `      ${name}: ${value}\n`);
  const common = (to: string) =>
    `      From: ${from}\n      To: <sip:${dialled}@[remote_ip]:[remote_port]>${to}\n      Call-ID: [call_id]\n`;
  const via = '      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n';
  const firstVia = via.replace('[branch]', 'z9hG4bK-[pid]-[call_number]-invite');
  const length = '      Max-Forwards: 70\n      Content-Length: 0\n';
  const request = (line: string, headers: string) => `<![CDATA[\n      ${line} SIP/2.0\n${headers}\n    ]]>`;
  const uri = `sip:${dialled}@[remote_ip]:[remote_port]`;
  const sdp = [
    'v=0',
    'o=carrier 1 1 IN IP4 [local_ip]',
    's=-',
    `c=IN IP4 ${media.address}`,
    't=0 0',
    `m=audio ${media.port} RTP/AVP ${laws.map((law) => payloads[law]).join(' ')} 101`,
    ...laws.map((law) => `a=rtpmap:${payloads[law]} ${law}/8000`),
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=ptime:20',
  ];
  const session = `      Content-Type: application/sdp\n      Content-Length: [len]\n\n${sdp.map((line) => `      ${line}`).join('\n')}`;
  const invite =
    `${firstVia}${common('')}      CSeq: 1 INVITE\n      Contact: <sip:carrier@[local_ip]:[local_port]>\n` +
    `      Max-Forwards: 70\n      Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE\n${extra.join('')}` +
    (caller.lateOffer ? '      Content-Length: 0\n' : session);
  const ackBody = caller.lateOffer ? `      Max-Forwards: 70\n${session}` : length;
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="trunk call">
  <send retrans="500">${request(`INVITE ${uri}`, invite)}</send>
  <label id="1"/>
  <recv response="100" optional="true" next="1"/>
  <recv response="180" optional="true" next="${cancelAtRinging ? 8 : 1}"/>
  <recv response="183" optional="true" next="1"/>
  <recv request="INFO" optional="true" next="8"/>
${refusals.map((status) => `  <recv response="${status}" optional="true" next="6"/>`).join('\n')}
  <recv response="200" rrs="true"/>
  <send>${request('ACK [next_url]', `${via}      [routes]\n${common('[peer_tag_param]')}      CSeq: 1 ACK\n${ackBody}`)}</send>
  <recv request="INFO" optional="true" next="3"/>
  <recv request="BYE"/>
  <send next="9">${request200()}</send>
  <label id="3"/>
  <send retrans="500">${request('BYE [next_url]', `${via}      [routes]\n${common('[peer_tag_param]')}      CSeq: 2 BYE\n${length}`)}</send>
  <recv response="200" next="9"/>
  <label id="8"/>
  <send retrans="500">${request(`CANCEL ${uri}`, `${firstVia}${common('')}      CSeq: 1 CANCEL\n${length}`)}</send>
  <recv response="200"/>
  <recv response="487"/>
  <label id="6"/>
  <send>${request(`ACK ${uri}`, `${firstVia}${common('[peer_tag_param]')}      CSeq: 1 ACK\n${length}`)}</send>
  <label id="9"/>
</scenario>
`;
}

function request200(): string {
  const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => `      [last_${name}:]\n`).join('');
  return `<![CDATA[\n      SIP/2.0 200 OK\n${copied}      Content-Length: 0\n    ]]>`;
}
