import type { KeyObject } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bundle, CapabilityStatement } from '@medplum/fhirtypes';
import { type CryptoKey, jwtVerify } from 'jose';

/*
 * What stands before a real EHR: SMART Backend Services (every request needs a token) and Bulk Data export, in front of
 * a FHIR server that has neither. Knobs make it misbehave where real ones do.
 */
export type SmartGateway = {
  readonly baseUrl: string;
  /** Assertions that were accepted. */
  readonly tokens: number;
  /** Exports that were begun. */
  readonly exports: number;
  /** Files downloaded, whole or not. */
  readonly downloads: number;
  /** Seconds that a token lives. */
  tokenSeconds: number;
  /** Makes every token given so far worthless. */
  revoke(): void;
  /** Times that the next files are cut off half-way. */
  cutOffs: number;
  /** Status with which exports are refused; null: they are not. */
  refuseExport: number | null;
  close(): Promise<void>;
};

export async function startSmartGateway(options: {
  readonly target: string;
  readonly clientId: string;
  readonly publicKey: KeyObject | CryptoKey;
}): Promise<SmartGateway> {
  const state = {
    tokens: 0,
    exports: 0,
    downloads: 0,
    tokenSeconds: 300,
    cutOffs: 0,
    refuseExport: null as number | null,
  };
  const valid = new Map<string, number>();
  const polls = new Map<string, number>();
  let baseUrl = '';

  const giveToken = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(await bodyOf(request));
    const assertion = form.get('client_assertion') ?? '';
    const expected = { issuer: options.clientId, subject: options.clientId, audience: `${baseUrl}/auth/token` };
    try {
      const { payload } = await jwtVerify(assertion, options.publicKey, {
        ...expected,
        requiredClaims: ['jti', 'exp'],
      });
      if ((payload.exp ?? 0) - Date.now() / 1000 > 300) throw new Error('assertion lives too long');
    } catch {
      return json(response, 400, { error: 'invalid_client' });
    }
    const token = randomUUID();
    valid.set(token, Date.now() + state.tokenSeconds * 1000);
    state.tokens += 1;
    return json(response, 200, { access_token: token, token_type: 'bearer', expires_in: state.tokenSeconds });
  };

  const sendFile = async (type: string, response: ServerResponse) => {
    state.downloads += 1;
    const bundle = (await (await fetch(`${options.target}/${type}?_count=1000`)).json()) as Bundle;
    const lines = (bundle.entry ?? []).map(({ resource }) => JSON.stringify(resource)).join('\n');
    response.writeHead(200, { 'content-type': 'application/fhir+ndjson' });
    if (state.cutOffs === 0) {
      response.end(lines);
      return;
    }
    state.cutOffs -= 1;
    response.write(lines.slice(0, lines.length / 2), () => response.destroy());
  };

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', baseUrl);
    const path = url.pathname.slice('/fhir'.length);
    if (path === '/auth/token') return giveToken(request, response);
    if (path === '/.well-known/smart-configuration')
      return json(response, 200, { token_endpoint: `${baseUrl}/auth/token` });
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if ((valid.get(token) ?? 0) < Date.now()) return json(response, 401, { resourceType: 'OperationOutcome' });
    if (path === '/metadata') return json(response, 200, await withExport(options.target));
    if (path === '/Patient/$export') {
      if (state.refuseExport) return json(response, state.refuseExport, { resourceType: 'OperationOutcome' });
      state.exports += 1;
      const job = `${baseUrl}/jobs/${url.searchParams.get('_type')}/${state.exports}`;
      response.writeHead(202, { 'content-location': job }).end();
      return;
    }
    const [, types] = /^\/jobs\/([^/]+)/.exec(path) ?? [];
    if (types) {
      const asked = (polls.get(path) ?? 0) + 1;
      polls.set(path, asked);
      if (asked < 2) {
        response.writeHead(202, { 'retry-after': '0.1', 'x-progress': '50%' }).end();
        return;
      }
      const output = types.split(',').map((type) => ({ type, url: `${baseUrl}/files/${type}.ndjson` }));
      return json(response, 200, { transactionTime: new Date().toISOString(), requiresAccessToken: true, output });
    }
    const [, file] = /^\/files\/(\w+)\.ndjson$/.exec(path) ?? [];
    if (file) return sendFile(file, response);
    await forward(request, response, `${options.target}${path}${url.search}`);
  };

  const server = createServer((request, response) => {
    route(request, response).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`;
  return Object.assign(state, {
    baseUrl,
    revoke: () => valid.clear(),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  });
}

async function withExport(target: string): Promise<CapabilityStatement> {
  const statement = (await (await fetch(`${target}/metadata`)).json()) as CapabilityStatement;
  const patient = statement.rest?.[0]?.resource?.find(({ type }) => type === 'Patient');
  const definition = 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export';
  if (patient) patient.operation = [{ name: 'export', definition }];
  return statement;
}

async function forward(request: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
  const { method = 'GET', headers } = request;
  const body = method === 'GET' ? {} : { body: await bodyOf(request) };
  const type = headers['content-type'];
  const answer = await fetch(url, { method, ...body, headers: type ? { 'content-type': type } : {} });
  response.writeHead(answer.status, { 'content-type': 'application/fhir+json' }).end(await answer.text());
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
