import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Role } from '../../app/api-types.ts';
import { roles, startTestHttp, type TestHttp } from '../support/http.ts';

type Operation = { 'x-access'?: 'public' | 'signed-in' | Role[]; requestBody?: unknown };
type OpenApi = { paths: Record<string, Record<string, Operation>> };

let http: TestHttp;
const cookies = new Map<Role, string>();
const operations: { method: string; path: string; access: Operation['x-access'] }[] = [];

beforeAll(async () => {
  http = await startTestHttp();
  for (const role of roles) cookies.set(role, await http.login(role));
  const document = (await (await fetch(`${http.url}/api/openapi.json`)).json()) as OpenApi;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      operations.push({ method: method.toUpperCase(), path, access: operation['x-access'] });
    }
  }
});
afterAll(() => http.close());

const call = (method: string, path: string, headers: Record<string, string> = {}) =>
  fetch(http.url + path.replaceAll('{id}', randomUUID()), {
    method,
    headers: { ...headers, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) },
    ...(method === 'GET' ? {} : { body: '{}' }),
  });

describe('every endpoint of the OpenAPI document', () => {
  test('is there, and says who may call it', () => {
    const paths = operations.map(({ method, path }) => `${method} ${path}`);
    expect(paths).toEqual(
      expect.arrayContaining([
        'POST /api/login',
        'GET /api/calls',
        'POST /api/calls/{id}/candidate',
        'GET /api/history',
        'POST /api/recordings/{id}/accesses',
        'GET /api/recordings/{id}/audio',
        'POST /api/patients/search',
      ]),
    );
    expect(operations.filter(({ access }) => access === undefined)).toEqual([]);
    const open = operations.filter(({ access }) => access === 'public').map(({ path }) => path);
    expect(open.sort()).toEqual(['/api/login', '/api/openapi.json']);
  });

  test('refuses a request without a session as a problem', async () => {
    const guarded = operations.filter(({ access }) => access !== 'public');
    expect(guarded.length).toBeGreaterThan(8);
    for (const { method, path } of guarded) {
      const response = await call(method, path);
      expect({ path, method, status: response.status }).toEqual({ path, method, status: 401 });
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      expect(await response.json()).toEqual({ type: 'about:blank', title: 'Not logged in', status: 401 });
    }
  });

  test('refuses a made-up and a tampered session', async () => {
    const real = cookies.get('nurse') ?? '';
    for (const cookie of ['chartline_session=abc', real.slice(0, -6)]) {
      expect((await call('GET', '/api/me', { cookie })).status).toBe(401);
    }
    expect((await call('GET', '/api/me', { cookie: real })).status).toBe(200);
  });

  test('refuses every role it does not name, and no role it names', async () => {
    const limited = operations.filter(({ access }) => Array.isArray(access));
    expect(limited.length).toBeGreaterThan(4);
    for (const { method, path, access } of limited) {
      for (const role of roles) {
        const { status } = await call(method, path, { cookie: cookies.get(role) ?? '' });
        const allowed = (access as Role[]).includes(role);
        expect({ path, method, role, refused: status === 403 }).toEqual({ path, method, role, refused: !allowed });
        expect(status).toBeLessThan(500);
      }
    }
  });

  test('refuses a change that another site sends with the session', async () => {
    const cookie = cookies.get('nurse') ?? '';
    for (const { method, path } of operations.filter((operation) => operation.method !== 'GET')) {
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
      ]) {
        const { status } = await call(method, path, { cookie, ...headers } as Record<string, string>);
        expect({ path, method, headers, status }).toEqual({ path, method, headers, status: 403 });
      }
    }
  });
});
