import { readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SignalingEngine } from '../../embedded/signaling/engine.ts';
import {
  type AnySrf,
  connectApp,
  id,
  request,
  startEmbedded,
  TcpPeer,
  type TestApp,
  UdpPeer,
} from './signaling-support.ts';

/* Hostile and torture messages sent to the live port, with a real drachtio-srf behind it. */

const own = new URL('../data/sip-hostile/', import.meta.url);
const shared = process.env.CHARTLINE_SHARED
  ? pathToFileURL(`${process.env.CHARTLINE_SHARED}/`)
  : new URL('../../../shared/', import.meta.url);
const torture = new URL('data/sip-torture/', shared);

let engine: SignalingEngine;
let app: TestApp;

beforeAll(async () => {
  engine = await startEmbedded();
  app = await connectApp(engine, (srf: AnySrf) => {
    for (const method of ['invite', 'options', 'register', 'message', 'subscribe', 'notify', 'info', 'publish']) {
      srf[method]((_req: AnySrf, res: AnySrf) =>
        res.send(method === 'invite' ? 486 : method === 'register' ? 401 : 200),
      );
    }
  });
});
afterAll(async () => {
  app.close();
  await engine.stop();
});

/** The engine lives: a well-formed OPTIONS reaches the application and comes back. */
async function alive(peer: UdpPeer): Promise<void> {
  const callId = `alive-${id()}`;
  const uri = `sip:bob@127.0.0.1:${engine.sipPort}`;
  peer.send(request(peer.port, { method: 'OPTIONS', uri, callId, cseq: 1, fromTag: id() }));
  expect(await peer.next(new RegExp(`Call-ID: ${callId}`))).toMatch(/^SIP\/2\.0 200 /);
}

describe('our own hostile messages', () => {
  const files = readdirSync(own).filter((name) => name.endsWith('.sip'));
  test('are there', () => expect(files.length).toBeGreaterThan(50));

  test.each(files)('%s', async (file) => {
    const bytes = readFileSync(new URL(file, own));
    const peer = await UdpPeer.open(engine);
    peer.sendBytes(bytes);
    const expected = file.slice(0, file.indexOf('-'));
    // The engine answers in the order of arrival, so what is dropped shows by the answer behind it.
    if (expected !== 'drop') expect(await peer.next(/^SIP\/2\.0 [2-6]/)).toMatch(new RegExp(`^SIP/2\\.0 ${expected} `));
    await alive(peer);
    expect(peer.rest).toEqual([]);
    void peer.close();
  });

  test.each(files)('%s over TCP', async (file) => {
    const tcp = await TcpPeer.open(engine.sipPort);
    tcp.send(readFileSync(new URL(file, own)).toString('latin1').replace('SIP/2.0/UDP', 'SIP/2.0/TCP'));
    tcp.close();
    await tcp.closed;
    const peer = await UdpPeer.open(engine);
    await alive(peer);
    void peer.close();
  });
});

type Case = {
  readonly id: string;
  readonly file: string;
  readonly reply_port: number;
  readonly expect: {
    readonly never_status?: readonly string[];
    readonly ok_status?: string[];
    readonly avoid_status?: string[];
    readonly reply?: string;
  };
};

describe('RFC 4475 and RFC 5118', () => {
  let cases: readonly Case[] = [];
  try {
    cases = JSON.parse(readFileSync(new URL('manifest.json', torture), 'utf8')).cases;
  } catch {
    console.warn('no ../shared/data/sip-torture here: the RFCs’ own torture messages are left out');
  }
  const onDisk = cases.filter(({ file }) => {
    try {
      readFileSync(new URL(file, torture));
      return true;
    } catch {
      return false;
    }
  });
  if (onDisk.length === 0) test.skip('absent', () => {});
  else {
    test.each(onDisk.map((one) => [one.id, one] as const))('%s', async (_id, one) => {
      // Replies go to the port in the message's Via, on an address of its own.
      const replies = await UdpPeer.open(engine, '127.0.0.9', one.reply_port);
      const peer = await UdpPeer.open(engine);
      try {
        replies.sendBytes(readFileSync(new URL(one.file, torture)));
        await alive(peer);
        if (one.expect.reply === 'must') await replies.next(/^SIP\/2\.0 [2-6]/);
        // An answer that comes at all has come before the one that `alive` waited for, but for a 481's or 486's turn through the application.
        await alive(peer);
        const finals = replies.seen.filter((line) => /^SIP\/2\.0 [2-6]/.test(line)).map((line) => line.slice(8, 11));
        for (const never of one.expect.never_status ?? []) {
          const pattern = new RegExp(`^${never.replace(/x/g, '\\d')}$`);
          for (const status of finals) expect(status).not.toMatch(pattern);
        }
        if (one.expect.reply === 'must-not') expect(finals).toEqual([]);
        if (process.env.SHOW) console.log(one.id, finals, one.expect.ok_status, one.expect.avoid_status);
      } finally {
        void peer.close();
        void replies.close();
      }
    });
  }
});
