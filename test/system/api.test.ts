import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { CallView, HistoryDetail, HistoryPage, Role } from '../../app/api-types.ts';
import { appendAudit } from '../../db/audit.ts';
import { seedRouting } from '../../db/seed-routes.ts';
import { aCall, aCandidate } from '../support/calls.ts';
import { startTestHttp, type TestHttp, testPassword } from '../support/http.ts';

let http: TestHttp;
const cookies = new Map<Role, string>();

beforeAll(async () => {
  http = await startTestHttp();
  for (const role of ['front-desk', 'nurse', 'supervisor', 'admin', 'privacy-officer'] as const)
    cookies.set(role, await http.login(role));
});
afterAll(() => http.close());
beforeEach(() => {
  http.audited.length = 0;
  http.identified.length = 0;
  http.broken.audit = false;
});

async function as(role: Role, method: string, path: string, body?: unknown) {
  const response = await fetch(http.url + path, {
    method,
    headers: {
      cookie: cookies.get(role) ?? '',
      origin: http.url,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null;
  return { status: response.status, headers: response.headers, text, json };
}

describe('logging in', () => {
  const login = (name: string, password: string) =>
    fetch(`${http.url}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: name, password }),
    });

  test('sets a cookie that scripts and other sites cannot use, and logging out ends the session for good', async () => {
    const response = await login('Provider', testPassword);
    expect(await response.json()).toMatchObject({ login: 'provider', role: 'provider', name: 'Dana provider' });
    const [cookie = ''] = response.headers.getSetCookie();
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    expect((await fetch(`${http.url}/api/me`, { headers })).status).toBe(200);
    expect((await fetch(`${http.url}/api/logout`, { method: 'POST', headers })).status).toBe(204);
    expect((await fetch(`${http.url}/api/me`, { headers })).status).toBe(401);
  });

  test('a new password needs the current one and ends every session of the account', async () => {
    const change = (cookie: string, body: object) =>
      fetch(`${http.url}/api/me/password`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const [here, elsewhere] = [await http.login('provider'), await http.login('provider')];
    const next = 'purple monkey dishwasher';
    expect((await change(here, { current: 'wrong', next })).status).toBe(403);
    expect((await change(here, { current: testPassword, next: 'short' })).status).toBe(400);
    expect((await change(here, { current: testPassword, next })).status).toBe(204);
    for (const cookie of [here, elsewhere]) {
      expect((await fetch(`${http.url}/api/me`, { headers: { cookie } })).status).toBe(401);
    }
    expect((await login('provider', testPassword)).status).toBe(401);
    expect((await login('provider', next)).status).toBe(200);
  });

  test('answers an unknown login, a wrong password and a locked account alike, then limits the rate', async () => {
    const bodies = new Set<string>();
    const statuses: number[] = [];
    for (const [name, password] of [
      ['nobody', testPassword],
      ...Array.from({ length: 5 }, () => ['privacy-officer', 'wrong']),
      // The fifth failure locked it: even the right password is refused now.
      ['privacy-officer', testPassword],
    ] as const) {
      const response = await login(name ?? '', password ?? '');
      statuses.push(response.status);
      bodies.add(await response.text());
    }
    expect(statuses).toEqual(Array(7).fill(401));
    expect(bodies.size).toBe(1);
    const { rows } = await http.pool.query<{ failed_logins: number; locked: boolean }>(
      `select failed_logins, locked_until > now() as locked from user_account where login = 'privacy-officer'`,
    );
    expect(rows).toEqual([{ failed_logins: 5, locked: true }]);

    let limited: Response | undefined;
    for (let i = 0; i < 31 && limited?.status !== 429; i++) limited = await login('nobody', 'x');
    expect(limited?.status).toBe(429);
    expect(limited?.headers.get('retry-after')).toBeTruthy();
    expect(await limited?.json()).toMatchObject({ status: 429, title: 'Too many requests' });
  });
});

describe('errors', () => {
  test.each([
    ['unknown path', 'GET', '/api/nothing', undefined, 404],
    ['unknown call', 'GET', `/api/calls/${randomUUID()}`, undefined, 404],
    ['an id that is none', 'GET', '/api/calls/1', undefined, 400],
    ['a body that does not fit', 'POST', '/api/patients/search', { birthDate: 'yesterday' }, 400],
    ['a cursor that is none', 'GET', '/api/history?before=x', undefined, 400],
    ['a huge body', 'POST', '/api/patients/search', { name: 'x'.repeat(100_000) }, 413],
  ])('%s is a problem', async (_what, method, path, body, status) => {
    const answer = await as('nurse', method, path, body);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.json).toMatchObject({ type: 'about:blank', status });
    expect(answer.text).not.toContain('yesterday');
  });
});

describe('a live call', () => {
  test('shows a nurse the card before level 2, the front desk only what it needs, an admin nobody', async () => {
    const call = aCall();
    http.calls.start(call);
    const view = async (role: Role): Promise<CallView> => (await as(role, 'GET', `/api/calls/${call.callId}`)).json;

    expect((await view('nurse')).card).toEqual(call.card);
    const desk = await view('front-desk');
    expect(desk.candidates[0]?.name).toBe('Maria Alvarez');
    expect(desk.card?.allergies).toEqual({ state: 'hidden', because: 'assurance', present: true });
    expect(desk.card?.medications).toEqual({ state: 'hidden', because: 'assurance', present: null });
    expect(JSON.stringify(desk)).not.toMatch(/Metformin|diabetes|Penicillin|Potassium/i);
    const admin = await as('admin', 'GET', `/api/calls/${call.callId}`);
    expect(admin.text).not.toMatch(/Maria|pat-maria|ALVAREZ|2025550143/);

    await view('nurse');
    const shown = http.audited.filter(({ action }) => action === 'card.shown');
    expect(shown.map(({ actor }) => actor)).toEqual(['user:nurse', 'user:front-desk']);
    expect(shown[0]).toMatchObject({ subject: `call:${call.callId}`, detail: { patientId: 'pat-maria' } });
  });

  test('with several candidates shows names only, until staff choose one', async () => {
    const other = aCandidate({ patientId: 'pat-luis', name: 'Luis Alvarez', because: 'shares the number' });
    const call = aCall({
      match: 'several',
      assurance: 0,
      candidates: [aCandidate(), other],
      patientId: null,
      card: null,
    });
    http.calls.start(call);

    const chosen = await as('nurse', 'POST', `/api/calls/${call.callId}/candidate`, { patientId: 'pat-luis' });
    expect(chosen.json).toMatchObject({ patientId: 'pat-luis', assurance: 2, chosenBy: 'Dana nurse' });
    expect(http.identified).toEqual([
      expect.objectContaining({ callId: call.callId, patientId: 'pat-luis', assurance: 2 }),
    ]);

    const checked = await as('nurse', 'POST', `/api/calls/${call.callId}/assurance`, { checked: ['birth-date'] });
    expect(checked.json).toMatchObject({ assurance: 4, assuranceBecause: 'Dana nurse checked birth date' });

    const wrong = await as('nurse', 'DELETE', `/api/calls/${call.callId}/candidate`);
    expect(wrong.json).toMatchObject({ patientId: null, assurance: 0, card: null });
    expect(wrong.json.candidates.map((candidate: { name: string }) => candidate.name)).toEqual(['Maria Alvarez']);
    expect(http.audited.map(({ action }) => action).filter((action) => action === 'caller.identified')).toHaveLength(3);
    expect((await as('nurse', 'POST', `/api/calls/${call.callId}/assurance`, { checked: ['mrn'] })).status).toBe(409);
  });

  test('of an unknown caller can be given a patient found by search', async () => {
    await http.pool.query(
      `insert into patient_identity (patient_id, name, birth_date, mrn) values
        ('pat-ada', 'Ada O''Neil', '1980-02-29', 'MRN-1'), ('pat-gone', 'Ada Gone', '1980-02-29', 'MRN-2')`,
    );
    await http.pool.query(`update patient_identity set active = false where patient_id = 'pat-gone'`);
    const found = await as('front-desk', 'POST', '/api/patients/search', {
      name: "o'neil ada",
      birthDate: '1980-02-29',
    });
    expect(found.json).toMatchObject([{ patientId: 'pat-ada', birthDate: '1980-02-29' }]);
    expect((await as('front-desk', 'POST', '/api/patients/search', { name: '%%' })).json).toEqual([]);

    const call = aCall({ match: 'none', assurance: 0, candidates: [], patientId: null, card: null });
    http.calls.start(call);
    const path = `/api/calls/${call.callId}/candidate`;
    expect((await as('front-desk', 'POST', path, { patientId: 'pat-nobody' })).status).toBe(404);
    const chosen = await as('front-desk', 'POST', path, { patientId: 'pat-ada' });
    expect(chosen.json).toMatchObject({ patientId: 'pat-ada', card: { problems: { state: 'pending' } } });
  });

  test('is shown although the audit cannot be stored; the failure is counted', async () => {
    http.broken.audit = true;
    const call = aCall();
    http.calls.start(call);
    expect((await as('nurse', 'GET', `/api/calls/${call.callId}`)).status).toBe(200);
    const metrics = await (await fetch(`${http.url}/metrics`)).text();
    expect(metrics).toMatch(/chartline_audit_failures_total [1-9]/);
  });
});

describe('history', () => {
  const callId = randomUUID();
  const recordingId = randomUUID();

  beforeAll(async () => {
    await http.pool.query(
      `insert into patient_identity (patient_id, name) values ('pat-h', 'Hanna Ito') on conflict do nothing`,
    );
    const add = (id: string, at: string, patient: string | null) =>
      http.pool.query(
        `insert into call (id, owner_node, direction, caller_number, match_kind, patient_id, assurance, started_at, ended_at, outcome)
         values ($1, 'node-1', 'inbound', '+12025550143', 'one', $3, 1, $2, $2::timestamptz + interval '1 minute', 'talked')`,
        [id, at, patient],
      );
    await add(callId, '2026-11-22T10:00:00Z', 'pat-h');
    for (let i = 0; i < 5; i++) await add(randomUUID(), '2026-11-22T09:00:00Z', null);
    await http.pool.query(
      `insert into call_event (call_id, sequence, at, kind) values ($1, 1, now(), 'incoming'), ($1, 2, now(), 'ended')`,
      [callId],
    );
    await http.pool.query(
      `insert into decision (call_id, number, at, rules_version, rule_id, rule_name, facts, steps, reasons, took_us)
       values ($1, 1, now(), 1, 1, 'To the PCP', '{}', '[]', $2, 85)`,
      [callId, JSON.stringify([{ ruleId: 1, name: 'To the PCP', applied: true, because: 'has a PCP' }])],
    );
    await http.pool.query(
      `insert into recording (id, call_id, node, started_at, state, path, sample_rate, channels, law, duration_ms)
       values ($1, $2, 'node-1', now(), 'sealed', 'a/b.sealed', 8000, 2, 'PCMU', 61000)`,
      [recordingId, callId],
    );
  });

  test('pages through every call once', async () => {
    const seen: string[] = [];
    let next: string | null = null;
    do {
      const page: HistoryPage = (await as('nurse', 'GET', `/api/history?limit=2${next ? `&before=${next}` : ''}`)).json;
      seen.push(...page.calls.map((entry) => entry.callId));
      next = page.next;
    } while (next);
    expect(seen).toHaveLength(6);
    expect(new Set(seen).size).toBe(6);
    expect(seen[0]).toBe(callId);
  });

  test('tells what happened, why, and what was recorded', async () => {
    const detail: HistoryDetail = (await as('nurse', 'GET', `/api/history/${callId}`)).json;
    expect(detail.patientName).toBe('Hanna Ito');
    expect(detail.events.map(({ kind }) => kind)).toEqual(['incoming', 'ended']);
    expect(detail.decisions).toMatchObject([
      { rule: 'To the PCP', tookMs: 0.085, reasons: [{ because: 'has a PCP' }] },
    ]);
    expect(detail.recordings).toMatchObject([{ id: recordingId, durationMs: 61_000, playable: true }]);
    const forAdmin = await as('admin', 'GET', `/api/history/${callId}`);
    expect(forAdmin.json).toMatchObject({ patientName: null, callerNumber: null, recordings: [{ playable: false }] });
  });
});

describe('the audit', () => {
  test('tells its privacy officer who looked at a patient, and notes that it was asked', async () => {
    for (const patientId of ['pat-maria', 'pat-luis', 'pat-maria']) {
      const detail = { patientId, parts: ['clinical'] };
      await appendAudit(http.pool, {
        actor: 'user:nurse',
        action: 'card.shown',
        subject: `call:${randomUUID()}`,
        detail,
      });
    }
    const search = (body: object) => as('privacy-officer', 'POST', '/api/audit/search', body);
    expect((await search({ patientId: 'pat-maria' })).json.events).toHaveLength(2);
    const [latest, older] = (await search({ action: 'card.' })).json.events;
    expect(latest).toMatchObject({
      actor: 'user:nurse',
      action: 'card.shown',
      detail: expect.stringContaining('pat-maria'),
    });
    expect((await search({ before: latest.sequence })).json.events[0]).toEqual(older);
    expect((await search({ actor: '%' })).json.events).toEqual([]);
    expect(http.audited).toContainEqual(
      expect.objectContaining({
        action: 'audit.searched',
        detail: expect.objectContaining({ patientId: 'pat-maria' }),
      }),
    );
    http.broken.audit = true;
    expect((await search({})).status).toBe(500);
  });
});

describe('the phone system as set up', () => {
  beforeAll(async () => {
    await seedRouting(http.pool, 'America/New_York');
    await http.pool.query(
      `insert into line (number, name, time_zone) values ('+12025550100', 'Main line', 'America/New_York')`,
    );
  });

  test('is shown with its rules in words, without secrets', async () => {
    const { json, text } = await as('admin', 'GET', '/api/setup');
    expect(json.lines).toMatchObject([{ number: '+12025550100', name: 'Main line' }]);
    const refill = json.routes.find(({ name }: { name: string }) => name === 'refill');
    expect(refill).toMatchObject({ enabled: true, holds: expect.stringContaining('intent refill') });
    expect(refill.targets.length).toBeGreaterThan(0);
    expect(text).not.toMatch(/md5|sha256|ha1/i);
  });

  test('explains an imagined call; an administrator may not ask about a number', async () => {
    const imagined = { line: '+12025550100', intent: 'refill', caller: 'known', at: '2026-11-24T10:00' };
    const { json } = await as('admin', 'POST', '/api/routes/explain', imagined);
    expect(json).toMatchObject({ rule: 'refill', caller: 'known', at: '2026-11-24T15:00:00.000Z' });
    expect(json.steps.length).toBeGreaterThan(0);
    expect(json.reasons.at(-1)).toMatchObject({ name: 'refill', applied: true });
    const number = { ...imagined, from: '+12025550143' };
    expect((await as('admin', 'POST', '/api/routes/explain', number)).status).toBe(403);
    expect((await as('supervisor', 'POST', '/api/routes/explain', number)).status).toBe(200);
    expect((await as('supervisor', 'POST', '/api/routes/explain', { line: '+19' })).status).toBe(404);
  });
});

test('alive, ready only with signaling and media, metrics only for this machine', async () => {
  expect((await fetch(`${http.url}/healthz`)).status).toBe(200);
  http.calls.setHealth({ signaling: true, media: false, database: true, ehr: true, recorder: true });
  expect((await fetch(`${http.url}/readyz`)).status).toBe(503);
  http.calls.setHealth({ signaling: true, media: true, database: false, ehr: false, recorder: false });
  expect((await fetch(`${http.url}/readyz`)).status).toBe(200);
  expect((await fetch(`${http.url}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.9' } })).status).toBe(404);
});
