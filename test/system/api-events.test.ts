import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Role, ServerMessage } from '../../app/api-types.ts';
import { aCall } from '../support/calls.ts';
import { startTestHttp, type TestHttp } from '../support/http.ts';

let http: TestHttp;
const cookies = new Map<Role, string>();
const open: WebSocket[] = [];

beforeAll(async () => {
  http = await startTestHttp();
  for (const role of ['nurse', 'admin'] as const) cookies.set(role, await http.login(role));
});
afterAll(async () => {
  for (const socket of open) socket.terminate();
  await http.close();
});

/** A screen: `next()` gives the messages in order. */
async function screen(role: Role, query = '') {
  const socket = new WebSocket(`${http.url.replace('http', 'ws')}/api/events${query}`, {
    headers: { cookie: cookies.get(role) ?? '' },
    origin: http.url,
  });
  open.push(socket);
  const received: ServerMessage[] = [];
  const waiting: ((message: ServerMessage) => void)[] = [];
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as ServerMessage;
    const take = waiting.shift();
    if (take) take(message);
    else received.push(message);
  });
  await once(socket, 'open');
  const next = () =>
    new Promise<ServerMessage>((done) => {
      const message = received.shift();
      if (message) done(message);
      else waiting.push(done);
    });
  return { socket, next };
}

async function refusal(headers: Record<string, string>): Promise<number | undefined> {
  const socket = new WebSocket(`${http.url.replace('http', 'ws')}/api/events`, { headers });
  socket.on('error', () => {});
  const [, response] = await once(socket, 'unexpected-response');
  return response.statusCode;
}

test('needs a session and our own origin', async () => {
  expect(await refusal({})).toBe(401);
  expect(await refusal({ cookie: cookies.get('nurse') ?? '', origin: 'https://evil.example' })).toBe(403);
});

test('starts with a snapshot, then sends each change, cut to the role', async () => {
  const nurse = await screen('nurse');
  const admin = await screen('admin');
  expect(await nurse.next()).toMatchObject({ kind: 'snapshot', stream: http.calls.stream });
  await admin.next();
  const call = aCall();
  http.calls.start(call);
  expect(await nurse.next()).toMatchObject({ kind: 'call', call: { card: call.card } });
  expect(JSON.stringify(await admin.next())).not.toMatch(/Maria|Metformin|2025550143/);
  http.calls.update(call.callId, (now) => ({
    ...now,
    state: 'ended',
    outcome: 'talked',
    endedAt: new Date().toISOString(),
  }));
  expect(await nurse.next()).toMatchObject({ kind: 'call', call: { state: 'ended' } });
});

test('a screen that comes back gets what it missed, in order; after too much or a restart a snapshot', async () => {
  const first = await screen('nurse');
  const snapshot = await first.next();
  if (snapshot.kind !== 'snapshot') throw new Error('no snapshot');
  first.socket.terminate();
  const call = aCall();
  http.calls.start(call);
  http.calls.update(call.callId, (now) => ({ ...now, state: 'talking' }));

  const again = await screen('nurse', `?stream=${snapshot.stream}&after=${snapshot.sequence}`);
  expect(await again.next()).toMatchObject({ sequence: snapshot.sequence + 1, call: { state: 'ringing' } });
  expect(await again.next()).toMatchObject({ sequence: snapshot.sequence + 2, call: { state: 'talking' } });

  const stale = await screen('nurse', `?stream=another-run&after=${snapshot.sequence}`);
  expect((await stale.next()).kind).toBe('snapshot');
});

test('a disabled account loses its screen', async () => {
  const supervisor = await http.login('supervisor');
  expect((await fetch(`${http.url}/api/me`, { headers: { cookie: supervisor } })).status).toBe(200);
  await http.pool.query(`update user_account set enabled = false where login = 'supervisor'`);
  await expect(http.login('supervisor')).rejects.toThrow('401');
});
