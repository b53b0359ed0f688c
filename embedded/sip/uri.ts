import { isIP } from 'node:net';
import parser from 'drachtio-srf/lib/sip-parser/parser.js';

/** Where a SIP URI points. */
export type UriTarget = {
  readonly scheme: 'sip' | 'sips';
  readonly user: string | null;
  /** Without the brackets of an IPv6 reference. */
  readonly host: string;
  readonly port: number | null;
  /** Value of `;transport=`, lower case. */
  readonly transport: string | null;
};

/** Longer URIs are refused before a regular expression sees them. */
const maxUriChars = 4096;

/** Reads a sip or sips URI, with or without angle brackets; null when it is neither or has no host. */
export function parseUri(text: string): UriTarget | null {
  if (text.length > maxUriChars) return null;
  const bare = /<([^>]*)>/.exec(text)?.[1] ?? text;
  const parsed = parser.parseUri(bare);
  const scheme = parsed?.scheme;
  if (!parsed?.host || (scheme !== 'sip' && scheme !== 'sips')) return null;
  const port = parsed.port !== undefined && Number.isInteger(parsed.port) ? parsed.port : null;
  if (port !== null && (port < 1 || port > 65535)) return null;
  return {
    scheme,
    user: parsed.user ?? null,
    host: parsed.host.replace(/^\[|\]$/g, ''),
    port,
    transport: parsed.params.transport?.toLowerCase() ?? null,
  };
}

/** `host` as it stands in a URI or Via: IPv6 addresses in brackets. */
export function uriHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
