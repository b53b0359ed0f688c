import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What can be wrong with an EHR. `healthy` passes everything through. */
export type Fault =
  | 'healthy'
  | 'slow'
  | 'hang'
  | 'throttle'
  | 'server-error'
  | 'unauthorized'
  | 'truncated'
  | 'not-json'
  | 'wrong-type'
  | 'reset'
  | 'huge'
  | 'redirect';

export type FaultProxy = {
  /** The proxied base URL. */
  readonly baseUrl: string;
  fault: Fault;
  /** Requests that have arrived. */
  readonly requests: number;
  /** `METHOD path?query` of each request. */
  readonly seen: readonly string[];
  close(): Promise<void>;
};

export const SLOW_MS = 5000;
const HUGE_BYTES = 50_000_000;

/** A proxy in front of the FHIR server at `target` that misbehaves as told. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const origin = new URL(target);
  const timers = new Set<NodeJS.Timeout>();
  const state = { fault: 'healthy' as Fault, seen: [] as string[] };
  const server = createServer((incoming, outgoing) => {
    state.seen.push(`${incoming.method} ${incoming.url}`);
    incoming.on('error', () => {});
    outgoing.on('error', () => {});
    misbehave(state.fault, { incoming, outgoing, origin, timers });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}${origin.pathname}`,
    get fault() {
      return state.fault;
    },
    set fault(fault) {
      state.fault = fault;
    },
    get requests() {
      return state.seen.length;
    },
    seen: state.seen,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

type Exchange = {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly origin: URL;
  readonly timers: Set<NodeJS.Timeout>;
};

type Canned = { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };

const OUTCOME = '{"resourceType":"OperationOutcome"}';
const CANNED: Partial<Record<Fault, Canned>> = {
  throttle: { status: 429, body: OUTCOME, headers: { 'retry-after': '1' } },
  'server-error': { status: 500, body: OUTCOME },
  unauthorized: { status: 401, body: OUTCOME },
  truncated: { status: 200, body: '{"resourceType":"Bundle","type":"batch-resp' },
  'not-json': { status: 200, body: '<html>Service Unavailable</html>', headers: { 'content-type': 'text/html' } },
  'wrong-type': { status: 200, body: '{"resourceType":"Practitioner","id":"someone-else","entry":{"not":"a list"}}' },
  redirect: { status: 302, body: '', headers: { location: 'http://169.254.169.254/latest/meta-data/' } },
};

function misbehave(fault: Fault, exchange: Exchange): void {
  const { incoming, outgoing, timers } = exchange;
  const canned = CANNED[fault];
  if (canned) {
    incoming.resume();
    const headers = { 'content-type': 'application/fhir+json', ...canned.headers };
    outgoing.writeHead(canned.status, headers).end(canned.body);
  }
  if (fault === 'healthy') forward(exchange);
  if (fault === 'slow') timers.add(setTimeout(() => forward(exchange), SLOW_MS));
  if (fault === 'reset') incoming.socket.destroy();
  if (fault === 'huge') sendHuge(outgoing);
  // 'hang': no answer, ever.
}

function sendHuge(outgoing: ServerResponse): void {
  outgoing.writeHead(200, { 'content-type': 'application/fhir+json' });
  outgoing.write('{"resourceType":"Bundle","padding":"');
  const chunk = 'x'.repeat(1_000_000);
  let sent = 0;
  const more = () => {
    while (sent < HUGE_BYTES && !outgoing.destroyed) {
      sent += chunk.length;
      if (!outgoing.write(chunk)) {
        outgoing.once('drain', more);
        return;
      }
    }
    outgoing.end('"}');
  };
  more();
}

function forward({ incoming, outgoing, origin }: Exchange): void {
  const { method, url, headers } = incoming;
  const upstream = request({ host: origin.hostname, port: origin.port, method, path: url, headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  upstream.on('error', () => outgoing.destroy());
  incoming.pipe(upstream);
}
