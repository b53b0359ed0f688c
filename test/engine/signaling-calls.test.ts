import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SignalingEngine } from '../../embedded/signaling/engine.ts';
import {
  type AnySrf,
  bodyOf,
  connectApp,
  embeddedOnly,
  event,
  expectCount,
  headerOf,
  id,
  newBranch,
  realServer,
  request,
  response,
  sdp,
  seen,
  startEngine,
  type TestApp,
  tagOf,
  UdpPeer,
} from './signaling-support.ts';

/* Incoming and outgoing calls, after transcripts drachtio-07 to -18. */

let engine: SignalingEngine;
let peer: UdpPeer;
const apps: TestApp[] = [];

beforeEach(async () => {
  engine = await startEngine();
  peer = await UdpPeer.open(engine);
});
afterEach(async () => {
  for (const app of apps.splice(0)) app.close();
  void peer.close();
  await engine.stop();
});

async function app(setUp?: (srf: AnySrf) => void): Promise<AnySrf> {
  const connected = await connectApp(engine, setUp);
  apps.push(connected);
  return connected.srf;
}

const own = () => `sip:bob@127.0.0.1:${engine.sipPort}`;

/** The caller's side of one call. */
function caller() {
  const callId = id();
  const fromTag = id();
  const branch = newBranch();
  return {
    callId,
    fromTag,
    branch,
    dialogId: `${callId};from-tag=${fromTag}`,
    make: (method: string, cseq: number, toTag?: string, more: object = {}) =>
      request(peer.port, {
        method,
        uri: own(),
        callId,
        fromTag,
        cseq,
        ...(toTag === undefined ? {} : { toTag }),
        ...(method === 'INVITE' && toTag === undefined ? { branch, body: sdp() } : {}),
        ...more,
      }),
  };
}

describe('an incoming call', () => {
  /** Calls an application that answers; gives its dialog. */
  async function established(more: object = {}) {
    const dialog = seen();
    const srf = await app((it) => {
      it.invite(async (req: AnySrf, res: AnySrf) =>
        dialog.resolve(await it.createUAS(req, res, { localSdp: sdp(30000), ...more })),
      );
    });
    const call = caller();
    peer.send(call.make('INVITE', 1));
    await peer.next(/^SIP\/2\.0 100 /);
    const ok = await peer.next(/^SIP\/2\.0 200 /);
    const toTag = tagOf(ok, 'To') as string;
    peer.send(call.make('ACK', 1, toTag));
    return { srf, call, ok, toTag, dialog: (await dialog.promise) as AnySrf };
  }

  test('07: is answered, acknowledged and ended by the caller', async () => {
    const { call, ok, toTag, dialog } = await established();
    expect(headerOf(ok, 'Contact')).toBe(`<sip:127.0.0.1:${engine.sipPort}>`);
    expect(headerOf(ok, 'Content-Type')).toBe('application/sdp');
    expect(bodyOf(ok)).toBe(sdp(30000));
    expect(dialog.id).toBe(call.dialogId);
    expect(dialog.sip).toEqual({ callId: call.callId, remoteTag: call.fromTag, localTag: toTag });
    const destroyed = event(dialog, 'destroy');
    peer.send(call.make('BYE', 2, toTag));
    expect(headerOf(await peer.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 2 BYE/), 'CSeq')).toBe('2 BYE');
    await destroyed;
    peer.send(call.make('BYE', 3, toTag));
    expect(await peer.next(/CSeq: 3 BYE/)).toMatch(/^SIP\/2\.0 481 /);
    expectCount(engine, 'dialogs', 0);
  });

  test('08: is ended by the application, with its own header and Contact', async () => {
    const { call, ok, toTag, dialog } = await established({
      headers: { 'X-Foo': 'bar', contact: '<sip:custom@localhost;x=1>' },
    });
    expect(headerOf(ok, 'X-Foo')).toBe('bar');
    expect(headerOf(ok, 'Contact')).toBe(`<sip:custom@127.0.0.1:${engine.sipPort};x=1>`);
    const ended = dialog.destroy({ headers: { 'X-Reason': 'bored' } });
    const bye = await peer.next(/^BYE /);
    expect(bye.split('\r\n')[0]).toBe(`BYE sip:alice@127.0.0.1:${peer.port} SIP/2.0`);
    expect(tagOf(bye, 'From')).toBe(toTag);
    expect(tagOf(bye, 'To')).toBe(call.fromTag);
    expect(headerOf(bye, 'CSeq')).toBe('2 BYE');
    expect(headerOf(bye, 'X-Reason')).toBe('bored');
    peer.send(response(bye, 200, 'OK'));
    await ended;
    expectCount(engine, 'dialogs', 0);
  });

  test('09: is cancelled while it rings', async () => {
    const cancelled = seen<void>();
    await app((srf) => {
      srf.invite((req: AnySrf, res: AnySrf) => {
        req.on('cancel', () => cancelled.resolve());
        res.send(180);
      });
    });
    const call = caller();
    peer.send(call.make('INVITE', 1));
    const ringing = await peer.next(/^SIP\/2\.0 180 /);
    expect(headerOf(ringing, 'Contact')).toBeUndefined();
    peer.send(call.make('CANCEL', 1, undefined, { branch: call.branch }));
    const ok = await peer.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 1 CANCEL/);
    const terminated = await peer.next(/^SIP\/2\.0 487 /);
    expect(tagOf(ok, 'To')).toBe(tagOf(ringing, 'To'));
    expect(tagOf(terminated, 'To')).toBe(tagOf(ringing, 'To'));
    await cancelled.promise;
    peer.send(call.make('ACK', 1, tagOf(terminated, 'To'), { branch: call.branch }));
  });

  test('09: a late answer to a cancelled call is refused to the application', async () => {
    const refused = seen<string>();
    await app((srf) => {
      srf.invite((req: AnySrf, res: AnySrf) => {
        req.on('cancel', () => res.send(200, { body: sdp() }, (error: string) => refused.resolve(error)));
      });
    });
    const call = caller();
    peer.send(call.make('INVITE', 1));
    await peer.next(/^SIP\/2\.0 100 /);
    peer.send(call.make('CANCEL', 1, undefined, { branch: call.branch }));
    await peer.next(/^SIP\/2\.0 487 /);
    expect(await refused.promise).toBe('Response not sent due to unknown transaction');
  });

  test('09: a CANCEL that matches nothing is 481', async () => {
    peer.send(caller().make('CANCEL', 1));
    expect(await peer.next(/CSeq: 1 CANCEL/)).toMatch(/^SIP\/2\.0 481 /);
  });

  test('10: is refused; the refusal is repeated until its ACK, which the application never sees', async () => {
    await app((srf) => srf.invite((_req: AnySrf, res: AnySrf) => res.send(486, 'Busy Right Now')));
    const call = caller();
    peer.send(call.make('INVITE', 1));
    const busy = await peer.next(/^SIP\/2\.0 486 Busy Right Now/);
    expect(await peer.next(/^SIP\/2\.0 486 /)).toBe(busy);
    peer.send(call.make('ACK', 1, tagOf(busy, 'To'), { branch: call.branch }));
    // A retransmission after the ACK is absorbed: the next answer is the one to OPTIONS.
    peer.send(call.make('INVITE', 1));
    peer.send(call.make('OPTIONS', 1));
    expect(await peer.next(/CSeq: 1 OPTIONS/)).toMatch(/^SIP\/2\.0 503 /);
    expectCount(engine, 'pending', 0);
  });

  test('17: re-INVITE both ways, and rejection', async () => {
    const { call, toTag, dialog } = await established();
    dialog.on('modify', (_req: AnySrf, res: AnySrf) => res.send(200, { body: sdp(30002) }));
    peer.send(call.make('INVITE', 2, toTag, { body: sdp(40002) }));
    await peer.next(/^SIP\/2\.0 100 .*[\s\S]*CSeq: 2 INVITE/);
    const ok = await peer.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 2 INVITE/);
    expect(headerOf(ok, 'Contact')).toBe(`<sip:127.0.0.1:${engine.sipPort}>`);
    peer.send(call.make('ACK', 2, toTag));

    const modified = dialog.modify(sdp(30004));
    const invite = await peer.next(/^INVITE /);
    expect(headerOf(invite, 'CSeq')).toBe('2 INVITE');
    peer.send(
      response(invite, 200, 'OK', { body: sdp(40006), headers: [`Contact: <sip:new@127.0.0.1:${peer.port}>`] }),
    );
    expect(await modified).toBe(sdp(40006));
    const ack = await peer.next(/^ACK /);
    // The real server keeps the old Contact here; RFC 3261 §12.2.1.2 says the new one.
    const target = realServer === '' ? 'new' : 'alice';
    expect(ack.split('\r\n')[0]).toBe(`ACK sip:${target}@127.0.0.1:${peer.port} SIP/2.0`);
    expect(headerOf(ack, 'CSeq')).toBe('2 ACK');
    if (realServer === '') {
      // The 200 again: the ACK again, byte for byte, and not the application's business. (The real server repeats the
      // first INVITE's ACK only.)
      peer.send(response(invite, 200, 'OK', { body: sdp(40006) }));
      expect(await peer.next(/^ACK /)).toBe(ack);
    }

    const rejected = dialog.modify(sdp(30006)).catch((error: AnySrf) => error.status);
    const second = await peer.next(/^INVITE /);
    expect(headerOf(second, 'CSeq')).toBe('3 INVITE');
    peer.send(response(second, 491, 'Request Pending'));
    const refusal = await peer.next(/^ACK /);
    expect(/branch=([^;\r]+)/.exec(refusal)?.[1]).toBe(/branch=([^;\r]+)/.exec(second)?.[1]);
    expect(await rejected).toBe(491);
  });

  embeddedOnly('glare: a re-INVITE that meets ours is 491 and never reaches the application', async () => {
    const { call, toTag, dialog } = await established();
    dialog.on('modify', (_req: AnySrf, res: AnySrf) => res.send(500));
    const modified = dialog.modify(sdp(30004));
    const invite = await peer.next(/^INVITE /);
    peer.send(call.make('INVITE', 2, toTag, { body: sdp(40004) }));
    const glare = await peer.next(/^SIP\/2\.0 491 .*[\s\S]*CSeq: 2 INVITE/);
    peer.send(call.make('ACK', 2, toTag, { branch: /branch=([^;\r]+)/.exec(glare)?.[1] }));
    peer.send(response(invite, 200, 'OK', { body: sdp(40006), headers: [`Contact: <${peer.uri}>`] }));
    expect(await modified).toBe(sdp(40006));
  });

  test('18: INFO both ways', async () => {
    const { call, toTag, dialog } = await established();
    const dtmf = seen<string>();
    dialog.on('info', (req: AnySrf, res: AnySrf) => {
      dtmf.resolve(req.body);
      res.send(200);
    });
    const body = 'Signal=5\r\nDuration=160\r\n';
    peer.send(call.make('INFO', 2, toTag, { headers: ['Content-Type: application/dtmf-relay'], body }));
    await peer.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 2 INFO/);
    expect(await dtmf.promise).toBe(body);
    const answered = dialog.request({ method: 'INFO', headers: { 'Content-Type': 'application/dtmf-relay' }, body });
    const info = await peer.next(/^INFO /);
    expect(bodyOf(info)).toBe(body);
    peer.send(response(info, 200, 'OK'));
    expect((await answered).status).toBe(200);
  });

  test('19: REFER by the caller, NOTIFY by the application', async () => {
    const { call, toTag, dialog } = await established();
    const referred = seen<string>();
    dialog.on('refer', (req: AnySrf, res: AnySrf) => {
      referred.resolve(req.get('Refer-To'));
      res.send(202);
    });
    peer.send(call.make('REFER', 2, toTag, { headers: ['Refer-To: <sip:carol@127.0.0.1>'] }));
    await peer.next(/^SIP\/2\.0 202 /);
    expect(await referred.promise).toBe('<sip:carol@127.0.0.1>');
    const notified = dialog.request({
      method: 'NOTIFY',
      headers: {
        Event: 'refer',
        'Subscription-State': 'terminated;reason=noresource',
        'Content-Type': 'message/sipfrag;version=2.0',
      },
      body: 'SIP/2.0 200 OK\r\n',
    });
    const notify = await peer.next(/^NOTIFY /);
    expect(headerOf(notify, 'Subscription-State')).toBe('terminated;reason=noresource');
    peer.send(response(notify, 200, 'OK'));
    await notified;
    // The call is no subscription: it goes on.
    expectCount(engine, 'dialogs', 1);
  });

  test('31: session timer echoed, UPDATE passed, too short an interval refused', async () => {
    const dialogSeen = seen();
    await app((it) => {
      it.invite(async (req: AnySrf, res: AnySrf) =>
        dialogSeen.resolve(await it.createUAS(req, res, { localSdp: sdp() })),
      );
    });
    const call = caller();
    peer.send(
      call.make('INVITE', 1, undefined, { headers: ['Supported: timer', 'Session-Expires: 1800;refresher=uac'] }),
    );
    const ok = await peer.next(/^SIP\/2\.0 200 /);
    expect(headerOf(ok, 'Session-Expires')).toBe('1800;refresher=uac');
    const toTag = tagOf(ok, 'To') as string;
    peer.send(call.make('ACK', 1, toTag));
    await dialogSeen.promise;
    peer.send(call.make('UPDATE', 2, toTag, { headers: ['Session-Expires: 1800;refresher=uac'] }));
    await peer.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 2 UPDATE/);
    peer.send(call.make('UPDATE', 3, toTag, { headers: ['Session-Expires: 30;refresher=uac'] }));
    const small = await peer.next(/CSeq: 3 UPDATE/);
    expect(small).toMatch(/^SIP\/2\.0 422 Session Interval Too Small/);
    expect(headerOf(small, 'Min-SE')).toBe('90');
  });
});

describe('an outgoing call', () => {
  test('11: is answered, acknowledged and ended by the callee', async () => {
    const srf = await app();
    const made = srf.createUAC(peer.uri, {
      localSdp: sdp(30000),
      callingNumber: '1234',
      callingName: 'Me',
      headers: { 'X-Foo': 'bar' },
    });
    const invite = await peer.next(/^INVITE /);
    const local = `127.0.0.1:${engine.sipPort}`;
    expect(invite.split('\r\n')[1]).toMatch(new RegExp(`^Via: SIP/2\\.0/UDP ${local};rport;branch=z9hG4bK`));
    expect(headerOf(invite, 'From')).toMatch(new RegExp(`<sip:1234@${local}>;tag=`));
    expect(headerOf(invite, 'Contact')).toContain(`<sip:1234@${local}>`);
    expect(headerOf(invite, 'To')).toBe(`<${peer.uri}>`);
    expect(headerOf(invite, 'X-Foo')).toBe('bar');
    expect(headerOf(invite, 'Content-Type')).toBe('application/sdp');
    const cseq = Number.parseInt(headerOf(invite, 'CSeq') ?? '', 10);
    peer.send(response(invite, 100, 'Trying'));
    peer.send(response(invite, 180, 'Ringing'));
    const ok = response(invite, 200, 'OK', { body: sdp(), headers: [`Contact: <sip:callee@127.0.0.1:${peer.port}>`] });
    peer.send(ok);
    const dialog = await made;
    const ack = await peer.next(/^ACK /);
    expect(ack.split('\r\n')[0]).toBe(`ACK sip:callee@127.0.0.1:${peer.port} SIP/2.0`);
    expect(headerOf(ack, 'CSeq')).toBe(`${cseq} ACK`);
    peer.send(ok);
    expect(await peer.next(/^ACK /)).toBe(ack);
    const destroyed = event(dialog, 'destroy');
    const bye = request(peer.port, {
      method: 'BYE',
      uri: `sip:${local}`,
      callId: headerOf(invite, 'Call-ID') as string,
      cseq: 1,
      fromTag: 'peertag',
      toTag: tagOf(invite, 'From') as string,
    });
    peer.send(bye);
    await destroyed;
    await peer.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 1 BYE/);
    expectCount(engine, 'dialogs', 0);
  });

  test('12: is refused; the engine sends the ACK', async () => {
    const srf = await app();
    const made = srf.createUAC(peer.uri, { localSdp: sdp() }).catch((error: AnySrf) => error);
    const invite = await peer.next(/^INVITE /);
    peer.send(response(invite, 486, 'Busy Here'));
    const ack = await peer.next(/^ACK /);
    expect(ack.split('\r\n')[1]).toBe(invite.split('\r\n')[1]);
    expect(tagOf(ack, 'To')).toBe('peertag');
    expect((await made).status).toBe(486);
  });

  embeddedOnly('13: with nobody there is repeated, then fails with 408', async () => {
    await engine.stop();
    engine = await startEngine({ timing: { t1: 20, t2: 160, t4: 200 } });
    const srf = await app();
    const made = srf.createUAC(peer.uri, { localSdp: sdp() }).catch((error: AnySrf) => error);
    const invite = await peer.next(/^INVITE /);
    for (let again = 0; again < 4; again++) expect(await peer.next(/^INVITE /)).toBe(invite);
    expect((await made).status).toBe(408);
    expectCount(engine, 'outgoing', 0);
    expectCount(engine, 'transactions', 0);
  });

  test('13: to a port where nobody listens fails at once with 503', async () => {
    const gone = await UdpPeer.open(engine);
    const uri = gone.uri;
    await gone.close();
    const srf = await app();
    expect((await srf.createUAC(uri, { localSdp: sdp() }).catch((error: AnySrf) => error)).status).toBe(503);
    expectCount(engine, 'outgoing', 0);
  });

  test('14: is cancelled by the application', async () => {
    const srf = await app();
    const sent = seen<{ req: AnySrf; rang: Promise<AnySrf> }>();
    const made = srf
      .createUAC(
        peer.uri,
        { localSdp: sdp() },
        { cbRequest: (_error: AnySrf, req: AnySrf) => sent.resolve({ req, rang: event(req, 'response') }) },
      )
      .catch((error: AnySrf) => error);
    const invite = await peer.next(/^INVITE /);
    peer.send(response(invite, 180, 'Ringing'));
    const { req, rang } = await sent.promise;
    await rang;
    req.cancel(() => {});
    const cancel = await peer.next(/^CANCEL /);
    expect(cancel.split('\r\n')[1]).toBe(invite.split('\r\n')[1]);
    peer.send(response(cancel, 200, 'OK'));
    peer.send(response(invite, 487, 'Request Terminated'));
    await peer.next(/^ACK /);
    expect((await made).status).toBe(487);
  });

  test('15: a CANCEL that crosses the 200 ends in ACK and BYE', async () => {
    const srf = await app();
    const sent = seen<{ req: AnySrf; rang: Promise<AnySrf> }>();
    const made = srf.createUAC(
      peer.uri,
      { localSdp: sdp() },
      { cbRequest: (_error: AnySrf, req: AnySrf) => sent.resolve({ req, rang: event(req, 'response') }) },
    );
    const invite = await peer.next(/^INVITE /);
    peer.send(response(invite, 180, 'Ringing'));
    const { req, rang } = await sent.promise;
    await rang;
    req.cancel(() => {});
    const cancel = await peer.next(/^CANCEL /);
    peer.send(response(cancel, 200, 'OK'));
    peer.send(response(invite, 200, 'OK', { body: sdp(), headers: [`Contact: <${peer.uri}>`] }));
    const destroyed = event(await made, 'destroy');
    await peer.next(/^ACK /);
    const bye = await peer.next(/^BYE /);
    expect(headerOf(bye, 'Reason')).toBe('SIP;cause=200;text="ACK-BYE due to cancel race condition"');
    peer.send(response(bye, 200, 'OK'));
    await destroyed;
    expectCount(engine, 'dialogs', 0);
  });

  test('35: a CANCEL waits for the first provisional response', async () => {
    const srf = await app();
    const sent = seen<{ req: AnySrf; rang: Promise<AnySrf> }>();
    const made = srf
      .createUAC(
        peer.uri,
        { localSdp: sdp() },
        { cbRequest: (_error: AnySrf, req: AnySrf) => sent.resolve({ req, rang: event(req, 'response') }) },
      )
      .catch((error: AnySrf) => error);
    const invite = await peer.next(/^INVITE /);
    await new Promise<void>(
      (resolve) =>
        void sent.promise.then(({ req, rang }) => {
          rang.catch(() => {});
          req.cancel(() => resolve());
        }),
    );
    expect(peer.rest.filter((line) => line.startsWith('CANCEL'))).toEqual([]);
    peer.send(response(invite, 180, 'Ringing'));
    const cancel = await peer.next(/^CANCEL /);
    peer.send(response(cancel, 200, 'OK'));
    peer.send(response(invite, 487, 'Request Terminated'));
    expect((await made).status).toBe(487);
  });

  test('16: B2BUA: two legs, BYE by the caller ends both', async () => {
    const callee = await UdpPeer.open(engine);
    const bridged = seen<void>();
    await app((srf) => {
      srf.invite(async (req: AnySrf, res: AnySrf) => {
        const { uas, uac } = await srf.createB2BUA(req, res, callee.uri, { localSdpB: req.body });
        uas.on('destroy', () => uac.destroy());
        uac.on('destroy', () => uas.destroy());
        bridged.resolve();
      });
    });
    const call = caller();
    peer.send(call.make('INVITE', 1));
    const invite = await callee.next(/^INVITE /);
    callee.send(response(invite, 180, 'Ringing'));
    await peer.next(/^SIP\/2\.0 180 /);
    callee.send(response(invite, 200, 'OK', { body: sdp(41000), headers: [`Contact: <${callee.uri}>`] }));
    const ok = await peer.next(/^SIP\/2\.0 200 /);
    expect(bodyOf(ok)).toBe(sdp(41000));
    peer.send(call.make('ACK', 1, tagOf(ok, 'To')));
    await callee.next(/^ACK /);
    await bridged.promise;
    peer.send(call.make('BYE', 2, tagOf(ok, 'To')));
    await peer.next(/CSeq: 2 BYE/);
    const bye = await callee.next(/^BYE /);
    callee.send(response(bye, 200, 'OK'));
    void callee.close();
  });
});
