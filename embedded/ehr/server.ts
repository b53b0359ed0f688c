import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { badRequest, getStatus, isOk, notFound } from '@medplum/core';
import { type FhirRequest, FhirRouter, type HttpMethod } from '@medplum/fhir-router';
import type { Bundle, OperationOutcome, Resource } from '@medplum/fhirtypes';
import { LRUCache } from 'lru-cache';
import { capabilityStatement } from './capability.ts';
import type { DemoRepository } from './repository.ts';

export const BASE_PATH = '/fhir/R4';
const MAX_BODY_BYTES = 10_000_000;
type Query = Record<string, string | string[]>;
type Page = { readonly resourceType: string; readonly query: Query };

/** FHIR R4 over HTTP in front of `repository`, at `/fhir/R4`; not yet listening. */
export function ehrServer(repository: DemoRepository): Server {
  const router = new FhirRouter();
  const pages = new LRUCache<string, Page>({ max: 1000 });
  return createServer((request, response) => {
    answer({ router, repository, pages }, request, response).catch((error: Error) => {
      console.error(`demonstration EHR: ${error.message}`);
      send(response, 500, { resourceType: 'OperationOutcome', issue: [{ severity: 'fatal', code: 'exception' }] });
    });
  });
}

type Parts = { router: FhirRouter; repository: DemoRepository; pages: LRUCache<string, Page> };

async function answer(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const base = `http://${request.headers.host}${BASE_PATH}`;
  const url = new URL(request.url ?? '/', base);
  if (url.pathname !== BASE_PATH && !url.pathname.startsWith(`${BASE_PATH}/`)) return send(response, 404, notFound);
  const path = url.pathname.slice(BASE_PATH.length + 1).replace(/\/$/, '');
  if (path === 'metadata') return send(response, 200, capabilityStatement(base));

  const fhir = await fhirRequest(request, path, url.searchParams);
  if (!fhir) return send(response, 413, badRequest('Request body too large or not JSON'));
  const search = searchAsked(fhir, parts.pages);
  if (search === 'gone') return send(response, 410, badRequest('This page link has expired'));
  if (search) Object.assign(fhir, { method: 'POST', url: `${search.resourceType}/_search`, body: search.query });

  const [outcome, resource] = await parts.router.handleRequest(fhir, parts.repository);
  if (search && isOk(outcome) && resource?.resourceType === 'Bundle')
    finishSearchset(resource, search, base, parts.pages);
  if (getStatus(outcome) === 201 && resource)
    response.setHeader('location', `${base}/${resource.resourceType}/${resource.id}`);
  send(response, getStatus(outcome), resource ?? outcome);
}

async function fhirRequest(
  request: IncomingMessage,
  path: string,
  parameters: URLSearchParams,
): Promise<FhirRequest | null> {
  const text = await readBody(request);
  if (text === null) return null;
  const form = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  let body: unknown = {};
  try {
    body = form ? queryOf(new URLSearchParams(text)) : text === '' ? {} : JSON.parse(text);
  } catch {
    return null;
  }
  const query = queryOf(parameters);
  const { method = 'GET', headers } = request;
  return { method: method as HttpMethod, url: path, pathname: '', body, params: {}, query, headers };
}

/** The body as text; null when it is larger than the limit. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}

function queryOf(parameters: URLSearchParams): Query {
  const query: Query = {};
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    query[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return query;
}

/** The type search that a request is, whether by GET, by POST `_search` or by a page link; null for anything else. */
function searchAsked(request: FhirRequest, pages: LRUCache<string, Page>): Page | 'gone' | null {
  const query = request.query as Query;
  if (typeof query._page === 'string') return pages.get(query._page) ?? 'gone';
  const byPost = /^([A-Za-z]+)\/_search$/.exec(request.url)?.[1];
  if (request.method === 'POST' && byPost)
    return { resourceType: byPost, query: { ...query, ...(request.body as Query) } };
  const byGet = /^[A-Za-z]+$/.exec(request.url)?.[0];
  return request.method === 'GET' && byGet ? { resourceType: byGet, query } : null;
}

/** Adds full URLs and a link to the next page. The link is opaque: what was searched for is never in a URL. */
function finishSearchset(bundle: Bundle, page: Page, base: string, pages: LRUCache<string, Page>): void {
  for (const entry of bundle.entry ?? []) {
    entry.fullUrl = `${base}/${entry.resource?.resourceType}/${entry.resource?.id}`;
    entry.search = { mode: 'match' };
  }
  const shown = bundle.entry?.length ?? 0;
  const next = Number(page.query._offset ?? 0) + shown;
  if (shown === 0 || next >= (bundle.total ?? 0)) return;
  const token = randomUUID();
  pages.set(token, { ...page, query: { ...page.query, _offset: String(next) } });
  bundle.link = [{ relation: 'next', url: `${base}/${page.resourceType}?_page=${token}` }];
}

function send(response: ServerResponse, status: number, body: Resource | OperationOutcome): void {
  response.writeHead(status, { 'content-type': 'application/fhir+json; charset=utf-8' });
  response.end(JSON.stringify(body));
}
