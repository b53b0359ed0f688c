/* The engine itself: its event socket on the wire, several workers, a busy main thread, ports, its end. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from '@jest/globals';
import { startMediaEngine } from '../../embedded/media/engine.ts';
import { type MediaHandle, MediaPool } from '../../embedded/media/rtp/pool.ts';
import { freePort, portOf, type Rig, RtpPeer, startRig } from './media-support.ts';

const cleanUps: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function openRig(options: Parameters<typeof startRig>[0] = {}): Promise<Rig> {
  const rig = await startRig(options);
  cleanUps.push(() => rig.stop());
  return rig;
}

async function openPeer(): Promise<RtpPeer> {
  const peer = await RtpPeer.open();
  cleanUps.push(() => peer.close());
  return peer;
}

/** A raw event socket client that collects what it gets. */
class Client {
  readonly #socket: Socket;
  text = '';

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setEncoding('utf8').on('data', (data) => {
      this.text += data;
      this.#socket.emit('more');
    });
    this.#socket.on('error', () => {});
    cleanUps.push(() => this.#socket.destroy());
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Resolves with the text up to now once it has `part`. */
  async gets(part: string): Promise<string> {
    while (!this.text.includes(part)) await once(this.#socket, 'more');
    return this.text;
  }

  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.closed) resolve();
      else this.#socket.once('close', () => resolve());
    });
  }
}

describe('the event socket', () => {
  test('greets, refuses a wrong secret, says goodbye and closes', async () => {
    const { media } = await openRig();
    const client = new Client(media.eslPort);
    await client.gets('Content-Type: auth/request\n\n');
    client.send('auth wrong\n\n');
    await client.gets('Content-Type: command/reply\nReply-Text: -ERR invalid\n\n');
    await client.gets(
      'Content-Type: text/disconnect-notice\nContent-Length: 67\n\nDisconnected, goodbye.\nSee you at ClueCon!',
    );
    await client.closed();
  });

  test('hears nothing but auth before the secret', async () => {
    const { media } = await openRig();
    const client = new Client(media.eslPort);
    client.send('api status\n\n');
    expect(await client.gets('-ERR command not found')).not.toContain('session');
  });

  test('answers in order, byte for byte as the real server', async () => {
    const { media } = await openRig();
    const client = new Client(media.eslPort);
    client.send('auth rig\n\n');
    await client.gets('+OK accepted');
    client.text = '';
    client.send('event json HEARTBEAT\n\napi uuid_kill nope\n\nsendmsg nope\ncall-command: execute\n\nexit\n\n');
    await client.closed();
    expect(client.text).toBe(
      'Content-Type: command/reply\nReply-Text: +OK event listener enabled json\n\n' +
        'Content-Type: api/response\nContent-Length: 22\n\n-ERR No such channel!\n' +
        'Content-Type: command/reply\nReply-Text: -ERR invalid session id [nope]\n\n' +
        'Content-Type: command/reply\nReply-Text: +OK bye\n\n' +
        'Content-Type: text/disconnect-notice\nContent-Length: 67\n\n' +
        'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n',
    );
  });

  test('sofia status has the table that drachtio-fsmrf reads', async () => {
    const { media, ms } = await openRig();
    const line = '='.repeat(97);
    const address = `sip:mod_sofia@127.0.0.1:${media.sipPort}`;
    expect(await ms.api('sofia status')).toBe(
      `                     Name\t   Type\t                                      Data\tState\n${line}\n` +
        `             drachtio_mrf\tprofile\t  ${address.padStart(40)}\tRUNNING (0)\n${line}\n1 profile 0 aliases\n`,
    );
  });

  test('a background job tells its result as an event', async () => {
    const { media } = await openRig();
    const client = new Client(media.eslPort);
    client.send('auth rig\n\nevent json BACKGROUND_JOB\n\nbgapi version\nJob-UUID: j1\n\n');
    await client.gets('Reply-Text: +OK Job-UUID: j1');
    expect(await client.gets('"_body"')).toContain('Chartline embedded media engine');
  });

  test('a client that only shouts is cut off, the others are not', async () => {
    const { media, ms } = await openRig();
    const client = new Client(media.eslPort);
    client.send('x'.repeat(400_000));
    await client.closed();
    expect(await ms.api('status')).toContain('0 session(s)');
  });
});

test('with two workers a bridge spans them, keys included', async () => {
  const rig = await openRig({ workers: 2 });
  const [one, other] = [await openPeer(), await openPeer()];
  const a = await rig.ms.createEndpoint({ remoteSdp: one.sdp() });
  const b = await rig.ms.createEndpoint({ remoteSdp: other.sdp() });
  one.startTone(a.local.sdp, 500);
  other.startTone(b.local.sdp, 900);
  await a.bridge(b);
  await Promise.all([one.hears(900), other.hears(500)]);
  one.pressKey(a.local.sdp, '7');
  await other.until(() => other.keys() === '7', 'the key');
  await Promise.all([a.destroy(), b.destroy()]);
});

test('audio goes on without a gap while the main thread is busy for 500 ms', async () => {
  const rig = await openRig();
  const listener = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const socket = require('node:dgram').createSocket('udp4');
     let last = 0; let widest = 0; let count = 0;
     socket.on('message', () => { const now = performance.now(); if (last) widest = Math.max(widest, now - last); last = now; count += 1; });
     socket.bind(0, '127.0.0.1', () => parentPort.postMessage(socket.address().port));
     parentPort.on('message', () => { parentPort.postMessage({ widest, count }); socket.close(); parentPort.close(); });`,
    { eval: true },
  );
  const [port] = await once(listener, 'message');
  const sdp = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;
  const ep = await rig.ms.createEndpoint({ remoteSdp: sdp });
  const playing = ep.play('tone_stream://%(1000,0,440)');
  await once(ep, 'playback-start');
  const until = performance.now() + 500;
  while (performance.now() < until);
  await playing;
  listener.postMessage('report');
  const [{ widest, count }] = await once(listener, 'message');
  expect(count).toBeGreaterThan(45);
  expect(widest).toBeLessThan(250);
  await ep.destroy();
});

test('when a media worker dies its calls are told and the next ones get another', async () => {
  const troubles: string[] = [];
  const pool = new MediaPool({
    rtpHost: '127.0.0.1',
    rtpMin: await freePort(),
    rtpMax: 65_535,
    workers: 1,
    soundPath: '/',
    onTrouble: (what) => troubles.push(what),
  });
  cleanUps.push(() => pool.stop());
  const handle = (await pool.open('one')) as MediaHandle;
  const lost = new Promise((resolve) => {
    handle.onEvent = resolve;
  });
  handle.setMedia(null as never); // nothing that an app could do; it throws in the worker
  expect(await lost).toEqual({ ev: 'workerLost', id: 'one' });
  await handle.close();
  expect(troubles.join()).toContain('starting another');
  const next = (await pool.open('two')) as MediaHandle;
  expect((await next.stats()).packetsIn).toBe(0);
});

test('a range of one port pair carries one call and then refuses with 503', async () => {
  const probe = await openPeer();
  const rtpMin = (portOf(probe.sdp()) & 0xfffe) + 2;
  const rig = await openRig({ rtpMin, rtpMax: rtpMin + 1 });
  const ep = await rig.ms.createEndpoint({ remoteSdp: probe.sdp() });
  await expect(rig.ms.createEndpoint({ remoteSdp: probe.sdp() })).rejects.toMatchObject({ status: 503 });
  await ep.destroy();
});

test('a taken port is told by its error', async () => {
  const rig = await openRig();
  const options = {
    sipHost: '127.0.0.1',
    eslHost: '127.0.0.1',
    rtpHost: '127.0.0.1',
    eslSecret: 'x',
    rtpMin: 20_000,
    rtpMax: 20_100,
  };
  const starting = startMediaEngine({
    ...options,
    sipPort: 0,
    eslPort: rig.media.eslPort,
    log: { info() {}, warn() {} },
  });
  await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE', port: rig.media.eslPort });
});

test('stopping ends every call with a BYE', async () => {
  const rig = await openRig();
  const peer = await openPeer();
  const ep = await rig.ms.createEndpoint({ remoteSdp: peer.sdp() });
  const bye = once(ep.dialog, 'destroy');
  await rig.media.stop();
  await bye;
});
