import parser from 'drachtio-srf/lib/sip-parser/parser.js';

/*
 * A SIP message, read once. Text is latin1 throughout the engine: one character is one byte, so what is passed on is
 * byte for byte what came, and lengths are string lengths. Headers are read by drachtio-srf's parser.
 */

export type NameAddr = { readonly uri: string; readonly tag: string | null; readonly value: string };
export type Via = {
  /** Upper case: UDP, TCP, TLS, WS, WSS. */
  readonly protocol: string;
  readonly host: string;
  readonly port: number | null;
  readonly branch: string | null;
  readonly received: string | null;
  readonly rport: number | null;
};
/** Lower-case full names; repeated headers joined by a comma (RFC 3261 §7.3.1). */
export type Headers = Readonly<Record<string, string>>;

type Common = {
  readonly headers: Headers;
  readonly callId: string;
  readonly cseq: { readonly number: number; readonly method: string };
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly via: Via;
  /** Every Via value, topmost first, as it came. */
  readonly vias: readonly string[];
  readonly body: string;
  /** The whole message, body cut to Content-Length. */
  readonly text: string;
};
export type SipRequest = Common & { readonly kind: 'request'; readonly method: string; readonly uri: string };
export type SipResponse = Common & { readonly kind: 'response'; readonly status: number; readonly reason: string };
export type SipMessage = SipRequest | SipResponse;

/** What a refused message still allows: `reply` is null when nothing may be sent back (a response, an ACK, no Via). */
export type Malformed = {
  readonly kind: 'malformed';
  readonly why: string;
  readonly reply: {
    readonly status: number;
    readonly reason: string;
    readonly via: Via;
    readonly copied: string;
  } | null;
};

export const maxHeadChars = 32 * 1024;
export const maxMessageChars = 64 * 1024;

const requestLine = /^([\w\-.!%*+`'~]+) ([^\s<>"]+) SIP\/(\d+)\.(\d+)$/i;
const statusLine = /^SIP\/2\.0 ([1-6]\d\d)(?: [^\r\n]*)?$/i;
/** Compact forms that drachtio-srf's parser leaves alone (IANA registry). */
const compact: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  e: 'content-encoding',
  o: 'event',
  r: 'refer-to',
  u: 'allow-events',
  x: 'session-expires',
  y: 'identity',
};
/** Headers that may stand once only (RFC 3261 §7.3); two of them make the message ambiguous. */
const single = /^(?:call-id|i|cseq|from|f|to|t|content-length|l|max-forwards)[ \t]*:/i;

/** Reads one message. Never throws: what cannot be used comes back as `malformed`, with the 400 it deserves if any. */
export function parseMessage(text: string): SipMessage | Malformed {
  const headEnd = text.indexOf('\r\n\r\n');
  const head = headEnd < 0 ? text : text.slice(0, headEnd);
  if (head.length > maxHeadChars) return { kind: 'malformed', why: 'head too long', reply: null };
  if (headEnd < 0) return refuse(head, 'head without end');
  // A bare CR or LF would let one header hide another from the next reader.
  if (/[^\r]\n|\r[^\n]|\r$|\0/.test(head)) return refuse(head, 'control character in head');
  const unfolded = head.includes('\r\n ') || head.includes('\r\n\t') ? head.replace(/\r\n[ \t]+/g, ' ') : head;
  try {
    return read(unfolded, text, headEnd + 4);
  } catch {
    return refuse(unfolded, 'unreadable header');
  }
}

function read(head: string, text: string, bodyAt: number): SipMessage | Malformed {
  const rest = text.slice(bodyAt);
  const lineEnd = head.indexOf('\r\n');
  const start = lineEnd < 0 ? head : head.slice(0, lineEnd);
  const request = requestLine.exec(start);
  const status = request ? null : statusLine.exec(start);
  if (!request && !status) return refuse(head, 'start line');
  if (request && (request[3] !== '2' || request[4] !== '0'))
    return refuse(head, 'version', 505, 'Version Not Supported');

  const parsed = parser.parseSipMessage(head, true);
  if (!parsed) return refuse(head, 'header line');
  const headers = parsed.headers;
  for (const short in compact) {
    const value = headers[short];
    if (value !== undefined) headers[compact[short] as string] ??= value;
  }
  const repeated = repeatedSingle(head);
  if (repeated) return refuse(head, `repeated ${repeated}`);
  const { via: viaValue, from: fromValue, to: toValue, cseq: cseqValue } = headers;
  const callId = headers['call-id'];
  if (!viaValue || !fromValue || !toValue || !cseqValue || !callId) return refuse(head, 'missing header');
  const vias = splitList(viaValue);
  const via = parseVia(vias[0] ?? '');
  const from = parseNameAddr(fromValue);
  const to = parseNameAddr(toValue);
  const cseq = /^(\d{1,10})\s+(\S+)$/.exec(cseqValue);
  if (!via || !from || !to || !cseq) return refuse(head, 'unparsable header');
  const number = Number(cseq[1]);
  if (number >= 2 ** 31) return refuse(head, 'CSeq too large'); // RFC 3261 §8.1.1.5
  const method = cseq[2] as string;
  if (request && method !== request[1]) return refuse(head, 'CSeq method differs');

  const given = headers['content-length'] ?? headers.l;
  if (given !== undefined && !/^\d{1,8}$/.test(given)) return refuse(head, 'Content-Length');
  const length = given === undefined ? rest.length : Number(given);
  if (length > rest.length) return refuse(head, 'body shorter than Content-Length'); // RFC 3261 §18.3
  const common = {
    headers,
    callId,
    cseq: { number, method },
    from,
    to,
    via,
    vias,
    body: length === rest.length ? rest : rest.slice(0, length),
    text: length === rest.length ? text : text.slice(0, bodyAt + length),
  };
  if (request) return { kind: 'request', method: request[1] as string, uri: request[2] as string, ...common };
  return { kind: 'response', status: Number(status?.[1]), reason: parsed.reason ?? '', ...common };
}

function repeatedSingle(head: string): string | null {
  const seen = new Set<string>();
  let at = head.indexOf('\r\n');
  while (at >= 0) {
    const next = head.indexOf('\r\n', at + 2);
    const colon = head.indexOf(':', at + 2);
    // Only names short enough to be one of the six are looked at: this runs for every message.
    if (colon > 0 && colon - at < 20) {
      const name = single.exec(head.slice(at + 2, colon + 1))?.[0];
      if (name) {
        const key = fullName(name.slice(0, -1).trim().toLowerCase());
        if (seen.has(key)) return key;
        seen.add(key);
      }
    }
    at = next;
  }
  return null;
}

function fullName(name: string): string {
  return { i: 'call-id', f: 'from', t: 'to', l: 'content-length' }[name] ?? name;
}

/** Salvages what a refusal needs from a head that could not be read: only a request that is not an ACK is answered. */
function refuse(head: string, why: string, status = 400, reason = 'Bad Request'): Malformed {
  const nothing = { kind: 'malformed', why, reply: null } as const;
  const lines = head.split('\r\n');
  if (!/^(?!SIP\/|ACK\s)[\w\-.!%*+`'~]+\s.*\sSIP\/\d+\.\d+\s*$/i.test((lines[0] ?? '').slice(0, 8192))) return nothing;
  const wanted = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const [, name, value] = /^(via|v|from|f|to|t|call-id|i|cseq)[ \t]*:\s*(.*)$/is.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const full = {
      v: 'Via',
      via: 'Via',
      f: 'From',
      from: 'From',
      t: 'To',
      to: 'To',
      i: 'Call-ID',
      'call-id': 'Call-ID',
    };
    const key = full[name.toLowerCase() as keyof typeof full] ?? 'CSeq';
    if (key === 'Via') wanted.set('Via', wanted.has('Via') ? `${wanted.get('Via')},${value}` : value);
    else if (!wanted.has(key)) wanted.set(key, value);
  }
  const via = parseVia(splitList(wanted.get('Via') ?? '')[0] ?? '');
  if (!via) return nothing;
  const copied = [...wanted].map(([name, value]) => `${name}: ${value.replace(/[\r\n\0]/g, ' ')}\r\n`).join('');
  return { kind: 'malformed', why, reply: { status, reason, via, copied } };
}

/** The parts of a comma-separated header, commas inside quotes and angle brackets left alone. */
export function splitList(value: string): string[] {
  if (!value.includes(',')) return value.trim() === '' ? [] : [value.trim()];
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  let angled = false;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c === 0x22) quoted = !quoted;
    else if (c === 0x5c && quoted) i++;
    else if (c === 0x3c && !quoted) angled = true;
    else if (c === 0x3e && !quoted) angled = false;
    else if (c === 0x2c && !quoted && !angled) {
      parts.push(value.slice(from, i).trim());
      from = i + 1;
    }
  }
  parts.push(value.slice(from).trim());
  return parts.filter((part) => part !== '');
}

/** drachtio-srf's parser stops at the first colon of an IPv6 reference, so the Via is read here. Any version, so that 505 finds its way. */
export function parseVia(value: string): Via | null {
  const match =
    /^SIP\s*\/\s*\d\.\d\s*\/\s*([A-Za-z0-9-]+)\s+(\[[0-9A-Fa-f:.]+\]|[^\s;:,[\]]+)(?:\s*:\s*(\d{1,5}))?\s*(;.*)?$/is.exec(
      value,
    );
  if (!match) return null;
  const port = match[3] === undefined ? null : Number(match[3]);
  if (port !== null && (port < 1 || port > 65535)) return null;
  const params = match[4] ?? '';
  const rport = /;\s*rport\s*=\s*(\d{1,5})/i.exec(params)?.[1];
  return {
    protocol: (match[1] as string).toUpperCase(),
    host: match[2] as string,
    port,
    branch: /;\s*branch\s*=\s*([^\s;,]+)/i.exec(params)?.[1] ?? null,
    received: /;\s*received\s*=\s*([^\s;,]+)/i.exec(params)?.[1] ?? null,
    rport: rport === undefined ? null : Number(rport),
  };
}

/** A From, To, Contact or Route value; null when it holds no URI. */
export function parseNameAddr(value: string): NameAddr | null {
  if (value.length > 8192) return null;
  try {
    const { uri, params } = parser.getParser('from')({ s: value, i: 0 });
    return /^[a-z][a-z0-9+.-]*:./i.test(uri) ? { uri, tag: params.tag ?? null, value } : null;
  } catch {
    return null; // the parser throws on what it cannot read
  }
}

/** Value of a header by any-case name; the first of these names that is there. */
export function header(message: { readonly headers: Headers }, name: string): string | undefined {
  const lower = name.toLowerCase();
  const direct = message.headers[lower];
  if (typeof direct === 'string') return direct;
  for (const key in message.headers) if (key.toLowerCase() === lower) return message.headers[key];
  return undefined;
}

/**
 * The message with the topmost Via completed (RFC 3261 §18.2.1, RFC 3581 §4): `received` when the sender's address is
 * not the one it wrote, `rport` when asked for. Done on the text so that the rest stays byte for byte.
 */
export function stampVia(text: string, address: string, port: number): string {
  const found = /\r\n(?:via|v)[ \t]*:[ \t]*/i.exec(text);
  if (!found || found.index > text.indexOf('\r\n\r\n')) return text;
  const from = found.index + found[0].length;
  const line = /\r\n(?![ \t])/g;
  line.lastIndex = from;
  const lineEnd = line.exec(text)?.index ?? text.length;
  const first = splitList(text.slice(from, lineEnd))[0] ?? '';
  const via = parseVia(first);
  if (!via) return text;
  let stamped = first.replace(/;\s*received\s*=\s*[^\s;,]*/i, '');
  const asked = /;\s*rport(?:\s*=\s*\d*)?(?=\s*(?:;|$))/i;
  if (asked.test(stamped)) stamped = stamped.replace(asked, `;rport=${port}`);
  if (via.host.replace(/^\[|\]$/g, '').toLowerCase() !== address.toLowerCase()) stamped += `;received=${address}`;
  if (stamped === first) return text;
  return text.slice(0, from) + stamped + text.slice(from + text.slice(from, lineEnd).indexOf(first) + first.length);
}
