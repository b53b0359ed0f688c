import { describe, expect, test } from '@jest/globals';
import type { ClientHandlers } from './client-transaction.ts';
import { composeRequest, composeResponse } from './compose.ts';
import { FakeFlow, FakeTimers, fakeListener } from './fake-transport.ts';
import type { SipRequest } from './message.ts';
import type { ServerTransaction } from './server-transaction.ts';
import { TransactionLayer } from './transaction-layer.ts';
import type { Protocol } from './transport.ts';
import { Transports } from './transports.ts';

/* RFC 3261 §17 and RFC 6026 by the clock: when each message leaves, what the TU hears, and that nothing stays behind. */

function setUp(protocol: Protocol = 'udp', maxServerTransactions = 1000) {
  const timers = new FakeTimers();
  const flow = new FakeFlow(timers, protocol);
  const heard: string[] = [];
  const requests: ServerTransaction[] = [];
  const layer = new TransactionLayer(new Transports([fakeListener(flow)]), {
    timers,
    maxServerTransactions,
    tu: {
      onRequest(tx) {
        heard.push(tx.request.method);
        requests.push(tx);
      },
      onCancel: (_cancel, invite) => heard.push(`CANCEL ${invite ? 'of an INVITE' : 'of nothing'}`),
      onAck: (_ack, _flow, invite) => heard.push(`ACK ${invite ? 'awaited' : 'stray'}`),
      onAckTimeout: () => heard.push('no ACK'),
      onStrayResponse: (response) => heard.push(`stray ${response.status}`),
    },
  });
  const handlers: ClientHandlers = {
    onResponse: (response) => heard.push(String(response.status)),
    onTimeout: () => heard.push('timeout'),
    onFailure: () => heard.push('failure'),
  };
  const ask = (method: string) =>
    layer.request(
      flow,
      composeRequest(method, 'sip:b@example.com', [
        ['From', '<sip:a@example.com>;tag=a'],
        ['To', '<sip:b@example.com>'],
        ['Call-ID', 'c'],
        ['CSeq', `1 ${method}`],
      ]),
      handlers,
    );
  const reply = (request: SipRequest, status: number, toTag = 'b') =>
    layer.receive(composeResponse(request, { status, reason: 'x', toTag }), flow);
  const arrive = (method: string, more: { branch?: string; toTag?: string; cseq?: number } = {}) =>
    layer.receive(
      `${method} sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/${protocol.toUpperCase()} 192.0.2.2;branch=${more.branch ?? 'z9hG4bKpeer'}\r\n` +
        `From: <sip:a@example.com>;tag=a\r\nTo: <sip:b@example.com>${more.toTag ? `;tag=${more.toTag}` : ''}\r\n` +
        `Call-ID: c\r\nCSeq: ${more.cseq ?? 1} ${method}\r\nContent-Length: 0\r\n\r\n`,
      flow,
    );
  const answer = (tx: ServerTransaction, status: number) =>
    tx.respond(composeResponse(tx.request, { status, reason: 'x', toTag: tx.localTag }));
  return { timers, flow, heard, requests, layer, ask, reply, arrive, answer };
}

describe('INVITE client', () => {
  test('repeats at T1 doubling (A) and gives up after 64*T1 (B)', () => {
    const it = setUp();
    it.ask('INVITE');
    it.timers.pass(40_000);
    expect(it.flow.times(/^INVITE/)).toEqual([0, 500, 1500, 3500, 7500, 15500, 31500]);
    expect(it.heard).toEqual(['timeout']);
    expect([it.layer.size, it.timers.pending]).toEqual([0, 0]);
  });

  test('is not repeated over TCP, and fails with its connection', () => {
    const it = setUp('tcp');
    it.ask('INVITE');
    it.timers.pass(20_000);
    expect(it.flow.times(/^INVITE/)).toEqual([0]);
    it.flow.fail();
    expect(it.heard).toEqual(['failure']);
    expect([it.layer.size, it.timers.pending]).toEqual([0, 0]);
  });

  test('rings as long as it likes after a provisional response', () => {
    const it = setUp();
    const client = it.ask('INVITE');
    it.timers.pass(600);
    it.reply(client.request, 180);
    it.timers.pass(300_000);
    expect(it.flow.times(/^INVITE/)).toEqual([0, 500]);
    expect([client.state, it.heard]).toEqual(['proceeding', ['180']]);
  });

  test('acknowledges a refusal and each repetition of it (D = 32 s)', () => {
    const it = setUp();
    const client = it.ask('INVITE');
    it.reply(client.request, 486);
    it.reply(client.request, 486);
    expect(it.heard).toEqual(['486']);
    const acks = it.flow.sent.filter(({ text }) => text.startsWith('ACK')).map(({ text }) => text);
    expect(acks).toHaveLength(2);
    expect(acks[0]).toBe(acks[1]);
    expect(acks[0]).toContain(`Via: ${client.request.vias[0]}\r\n`);
    expect(acks[0]).toContain('To: <sip:b@example.com>;tag=b\r\n');
    it.timers.pass(32_000);
    expect([it.layer.size, it.timers.pending]).toEqual([0, 0]);
    it.reply(client.request, 486);
    expect(it.heard).toEqual(['486', 'stray 486']);
  });

  test('hands up every 2xx for 64*T1 (M, RFC 6026)', () => {
    const it = setUp();
    const client = it.ask('INVITE');
    it.reply(client.request, 200);
    it.timers.pass(31_999);
    it.reply(client.request, 200, 'other');
    it.timers.pass(2);
    it.reply(client.request, 200);
    expect(it.heard).toEqual(['200', '200', 'stray 200']);
    expect(it.flow.times(/^ACK/)).toEqual([]);
  });

  test('sends a CANCEL only once the peer has spoken, and waits 64*T1 for the end', () => {
    const it = setUp();
    const client = it.ask('INVITE');
    expect(client.cancel()).toMatchObject({ sent: false });
    expect(it.flow.times(/^CANCEL/)).toEqual([]);
    it.timers.pass(100);
    it.reply(client.request, 180);
    expect(it.flow.times(/^CANCEL/)).toEqual([100]);
    expect(it.flow.sent.at(-1)?.text).toContain(`Via: ${client.request.vias[0]}\r\n`);
    it.timers.pass(64_000);
    expect(it.heard).toEqual(['180', 'timeout']);
    expect([it.layer.size, it.timers.pending]).toEqual([0, 0]);
  });

  test('a CANCEL after the final response is refused', () => {
    const it = setUp();
    const client = it.ask('INVITE');
    it.reply(client.request, 200);
    expect(client.cancel()).toBeNull();
  });
});

describe('non-INVITE client', () => {
  test('repeats at T1 doubling to T2 (E) and gives up after 64*T1 (F)', () => {
    const it = setUp();
    it.ask('OPTIONS');
    it.timers.pass(40_000);
    expect(it.flow.times(/^OPTIONS/)).toEqual([0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    expect(it.heard).toEqual(['timeout']);
  });

  test('absorbs repeated answers for T4 (K)', () => {
    const it = setUp();
    const client = it.ask('OPTIONS');
    it.reply(client.request, 100);
    it.reply(client.request, 200);
    it.reply(client.request, 200);
    expect(it.heard).toEqual(['100', '200']);
    it.timers.pass(5_000);
    expect([it.layer.size, it.timers.pending]).toEqual([0, 0]);
  });
});

describe('INVITE server', () => {
  test('repeats a refusal at T1 doubling to T2 (G) until the ACK, which is absorbed (I = T4)', () => {
    const it = setUp();
    it.arrive('INVITE');
    const [tx] = it.requests as [ServerTransaction];
    it.answer(tx, 486);
    it.timers.pass(9_000);
    expect(it.flow.times(/^SIP\/2.0 486/)).toEqual([0, 500, 1500, 3500, 7500]);
    it.arrive('ACK', { toTag: tx.localTag });
    it.arrive('INVITE');
    it.timers.pass(5_000);
    expect(it.flow.times(/^SIP\/2.0 486/)).toHaveLength(5);
    expect(it.heard).toEqual(['INVITE']);
    expect([it.layer.size, it.timers.pending]).toEqual([0, 0]);
  });

  test('forgets a refusal that nobody acknowledges (H)', () => {
    const it = setUp();
    it.arrive('INVITE');
    it.answer(it.requests[0] as ServerTransaction, 486);
    it.timers.pass(32_000);
    expect([it.layer.size, it.timers.pending]).toEqual([0, 0]);
  });

  test('answers the INVITE again with the last provisional response', () => {
    const it = setUp();
    it.arrive('INVITE');
    it.arrive('INVITE');
    it.answer(it.requests[0] as ServerTransaction, 180);
    it.arrive('INVITE');
    expect(it.flow.times(/^SIP\/2.0 180/)).toHaveLength(2);
    expect(it.heard).toEqual(['INVITE']);
  });

  test('repeats a 2xx until its ACK, and absorbs the INVITE meanwhile (RFC 6026)', () => {
    const it = setUp();
    it.arrive('INVITE');
    const [tx] = it.requests as [ServerTransaction];
    it.answer(tx, 200);
    it.arrive('INVITE');
    it.timers.pass(4_000);
    expect(it.flow.times(/^SIP\/2.0 200/)).toEqual([0, 500, 1500, 3500]);
    it.arrive('ACK', { branch: 'z9hG4bKack', toTag: tx.localTag });
    it.arrive('ACK', { branch: 'z9hG4bKack', toTag: tx.localTag });
    it.timers.pass(60_000);
    expect(it.flow.times(/^SIP\/2.0 200/)).toHaveLength(4);
    expect(it.heard).toEqual(['INVITE', 'ACK awaited', 'ACK stray']);
    expect([it.layer.size, it.timers.pending]).toEqual([0, 0]);
  });

  test('tells when no ACK came for 64*T1', () => {
    const it = setUp('tcp');
    it.arrive('INVITE');
    it.answer(it.requests[0] as ServerTransaction, 200);
    it.timers.pass(32_000);
    expect(it.flow.times(/^SIP\/2.0 200/)).toEqual([0]);
    expect(it.heard).toEqual(['INVITE', 'no ACK']);
  });

  test('a CANCEL names its INVITE by the branch', () => {
    const it = setUp();
    it.arrive('INVITE');
    it.arrive('CANCEL');
    it.arrive('CANCEL');
    it.arrive('CANCEL', { branch: 'z9hG4bKother' });
    expect(it.heard).toEqual(['INVITE', 'CANCEL of an INVITE', 'CANCEL of nothing']);
  });

  test('a second final response is refused', () => {
    const it = setUp();
    it.arrive('INVITE');
    const [tx] = it.requests as [ServerTransaction];
    expect([it.answer(tx, 486), it.answer(tx, 200)]).toEqual([true, false]);
  });
});

test('non-INVITE server: answers a repetition again for 64*T1 (J)', () => {
  const it = setUp();
  it.arrive('OPTIONS');
  it.arrive('OPTIONS');
  it.answer(it.requests[0] as ServerTransaction, 200);
  it.arrive('OPTIONS');
  expect(it.flow.times(/^SIP\/2.0 200/)).toEqual([0, 0]);
  it.timers.pass(32_000);
  expect([it.layer.size, it.timers.pending]).toEqual([0, 0]);
  expect(it.heard).toEqual(['OPTIONS']);
});

test('a client of RFC 2543 is known by Call-ID, CSeq and From tag', () => {
  const it = setUp();
  it.arrive('OPTIONS', { branch: 'old' });
  it.arrive('OPTIONS', { branch: 'old' });
  it.arrive('OPTIONS', { branch: 'old', cseq: 2 });
  expect(it.heard).toEqual(['OPTIONS', 'OPTIONS']);
});

test('a flood beyond what is remembered is refused without being remembered', () => {
  const it = setUp('udp', 2);
  for (const branch of ['z9hG4bK1', 'z9hG4bK2', 'z9hG4bK3', 'z9hG4bK1']) it.arrive('OPTIONS', { branch });
  expect(it.heard).toEqual(['OPTIONS', 'OPTIONS']);
  expect(it.flow.times(/^SIP\/2.0 503 [\s\S]*branch=z9hG4bK3/)).toEqual([0]);
  expect(it.layer.size).toBe(2);
});
