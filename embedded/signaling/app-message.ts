import { token } from '../sip/compose.ts';
import type { Endpoint, Flow } from '../sip/transport.ts';
import { uriHost } from '../sip/uri.ts';

/** What drachtio-srf writes: not a complete SIP message, header names as the application typed them. */
export type AppMessage = {
  readonly startLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
};

/** Reads an application's message; null when a line is no header. */
export function readAppMessage(text: string): AppMessage | null {
  const headEnd = text.indexOf('\r\n\r\n');
  const head = (headEnd < 0 ? text : text.slice(0, headEnd)).replace(/(?:\r\n)+$/, '');
  const [startLine = '', ...lines] = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const headers: [string, string][] = [];
  for (const line of lines) {
    const match = /^([\w\-.!%*+`'~]+)[ \t]*:[ \t]*([^\r\n\0]*)$/.exec(line);
    if (!match) return null;
    headers.push([canonicalName(match[1] as string), (match[2] as string).trimEnd()]);
  }
  return { startLine, headers, body: headEnd < 0 ? '' : text.slice(headEnd + 4) };
}

/** Value of the first header with this canonical name. */
export function headerOf(message: AppMessage, name: string): string | undefined {
  return message.headers.find(([one]) => one === name)?.[1];
}

/** Names that Sofia-SIP knows and therefore writes before the body's headers; all others follow Content-Length. */
const known = new Map(
  (
    'Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Authentication-Info ' +
    'Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Language Content-Length ' +
    'Content-Type CSeq Date Error-Info Event Expires From Identity In-Reply-To Join Max-Forwards MIME-Version ' +
    'Min-Expires Min-SE Organization Path Priority Privacy Proxy-Authenticate Proxy-Authorization Proxy-Require RAck ' +
    'Reason Record-Route Refer-Sub Refer-To Referred-By Reject-Contact Replaces Reply-To Request-Disposition Require ' +
    'Retry-After Route RSeq Server Service-Route Session-Expires SIP-ETag SIP-If-Match Subject Subscription-State ' +
    'Supported Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate'
  )
    .split(' ')
    .map((name) => [name.toLowerCase(), name] as const),
);

/** As the real server writes it: known names in the RFC's case, others capitalised, `X-` ones as typed. */
export function canonicalName(name: string): string {
  const found = known.get(name.toLowerCase());
  if (found) return found;
  if (/^x-/i.test(name)) return name;
  return name.replace(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());
}

export function isKnown(name: string): boolean {
  return known.has(name.toLowerCase());
}

export type Placed = {
  readonly before: (readonly [string, string])[];
  readonly after: (readonly [string, string])[];
};

/** The application's headers without `dropped`, those Sofia does not know set apart, `localhost` and Content-Type filled in. */
export function placeHeaders(message: AppMessage, dropped: ReadonlySet<string>, local: Endpoint): Placed {
  const placed: Placed = { before: [], after: [] };
  let contentType = headerOf(message, 'Content-Type');
  if (contentType === undefined && message.body.startsWith('v=0')) contentType = 'application/sdp';
  for (const [name, value] of message.headers) {
    if (dropped.has(name) || name === 'Content-Type' || name === 'Content-Length') continue;
    (isKnown(name) ? placed.before : placed.after).push([name, fillLocalhost(name, value, local)]);
  }
  if (contentType !== undefined && message.body !== '') placed.before.push(['Content-Type', contentType]);
  return placed;
}

/** True when the body needs a Content-Type that nobody gave. */
export function lacksContentType(message: AppMessage): boolean {
  return message.body !== '' && !message.body.startsWith('v=0') && headerOf(message, 'Content-Type') === undefined;
}

/** `@localhost` stands for our address and port, as drachtio-srf writes it; in From also a bare `localhost`. */
export function fillLocalhost(name: string, value: string, local: Endpoint): string {
  if (name !== 'From' && name !== 'To' && name !== 'Contact' && name !== 'P-Asserted-Identity') return value;
  const pattern = name === 'From' ? /(@|sips?:)localhost(?::\d+)?(?![\w.-])/i : /(@)localhost(?::\d+)?(?![\w.-])/i;
  if (!pattern.test(value)) return value;
  const filled = value.replace(pattern, `$1${uriHost(local.address)}:${local.port}`);
  return /^sips?:/i.test(filled) ? `<${filled}>` : filled;
}

/** Our Contact towards a flow: `<sip:ADDRESS:PORT>`, with the transport unless it is UDP. */
export function ownContact(flow: Flow): string {
  const transport = flow.protocol === 'udp' ? '' : `;transport=${flow.protocol}`;
  return `<sip:${uriHost(flow.local.address)}:${flow.local.port}${transport}>`;
}

/** An address value with a tag, adding one when there is none. */
export function withTag(value: string): string {
  const bracketed = value.includes('<') ? value : `<${value.replace(/;.*$/, '')}>${/;.*$/.exec(value)?.[0] ?? ''}`;
  return /;\s*tag\s*=/i.test(bracketed.slice(bracketed.indexOf('>') + 1)) ? bracketed : `${bracketed};tag=${token()}`;
}
