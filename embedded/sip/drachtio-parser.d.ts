/** The part of drachtio-srf's own SIP parser that the embedded engine uses; the package types only its application side. */
declare module 'drachtio-srf/lib/sip-parser/parser.js' {
  type Parsed = {
    method?: string;
    uri?: string;
    status?: number;
    reason?: string;
    version: string;
    /** Lower-case names (`X-` and most `P-` names as written); repeated headers joined by a comma. */
    headers: Record<string, string>;
  };
  type Uri = {
    scheme: string;
    user?: string;
    host?: string;
    /** NaN when the URI has no port. */
    port?: number;
    params: Record<string, string | null>;
  };
  type Address = { name?: string; uri: string; params: Record<string, string | undefined> };
  const parser: {
    parseSipMessage(text: string, lazy: true): Parsed | undefined;
    parseUri(text: string): Uri | undefined;
    getParser(header: 'from'): (at: { s: string; i: number }) => Address;
  };
  export default parser;
}
