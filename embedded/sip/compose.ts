import { randomBytes } from 'node:crypto';
import type { SipRequest } from './message.ts';

export type HeaderList = readonly (readonly [name: string, value: string])[];

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
let pool = Buffer.alloc(0);
let used = 0;

/** 13 characters of base 58 (76 bits): tags and branches. */
export function token(): string {
  if (used + 13 > pool.length) {
    pool = randomBytes(13 * 256);
    used = 0;
  }
  let text = '';
  for (let i = 0; i < 13; i++) text += alphabet[(pool[used++] as number) % 58];
  return text;
}

/** Branch with the magic cookie of RFC 3261 §8.1.1.7. */
export function newBranch(): string {
  return `z9hG4bK${token()}`;
}

/** A request without Via; the transaction layer adds it. Content-Length is written from `body`, `trailing` after it. */
export function composeRequest(
  method: string,
  uri: string,
  headers: HeaderList,
  body = '',
  trailing: HeaderList = [],
): string {
  return (
    `${method} ${uri} SIP/2.0\r\n${lines(headers)}` + `Content-Length: ${body.length}\r\n${lines(trailing)}\r\n${body}`
  );
}

export type ResponseParts = {
  readonly status: number;
  readonly reason: string;
  /** Added to To when the request has no tag there; null for a 100 (RFC 3261 §8.2.6.2). */
  readonly toTag: string | null;
  readonly headers?: HeaderList;
  /** Headers after Content-Length. */
  readonly trailing?: HeaderList;
  readonly body?: string;
};

/** A response to `request`: Via, From, To, Call-ID, CSeq and (below 300) Record-Route are the request's. */
export function composeResponse(request: SipRequest, parts: ResponseParts): string {
  const { status, reason, toTag, body = '' } = parts;
  const vias = request.vias.map((via) => `Via: ${via}\r\n`).join('');
  const recordRoute = request.headers['record-route'];
  const to = toTag !== null && request.to.tag === null ? `${request.to.value};tag=${toTag}` : request.to.value;
  return (
    `SIP/2.0 ${status} ${reason}\r\n${vias}` +
    (recordRoute !== undefined && status > 100 && status < 300 ? `Record-Route: ${recordRoute}\r\n` : '') +
    `From: ${request.from.value}\r\nTo: ${to}\r\nCall-ID: ${request.callId}\r\n` +
    `CSeq: ${request.cseq.number} ${request.cseq.method}\r\n` +
    `${lines(parts.headers ?? [])}Content-Length: ${body.length}\r\n${lines(parts.trailing ?? [])}\r\n${body}`
  );
}

/** The text with `via` as topmost Via. */
export function insertVia(text: string, via: string): string {
  const at = text.indexOf('\r\n') + 2;
  return `${text.slice(0, at)}Via: ${via}\r\n${text.slice(at)}`;
}

function lines(headers: HeaderList): string {
  let text = '';
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  return text;
}
