/* Two and more parties: bridges, transcoding, keys across a bridge, forks, the app's loss, latching. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import { hasTone, level, portOf, type Rig, RtpPeer, startRig, toneShare, type Untyped } from './media-support.ts';

let rig: Rig;
const peers: RtpPeer[] = [];

beforeAll(async () => {
  rig = await startRig();
});
afterEach(async () => {
  const left = await rig.ms.api('show channels');
  for (const [uuid] of left.matchAll(/^[0-9a-f-]{36}/gm)) await rig.ms.api(`uuid_kill ${uuid}`);
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
});
afterAll(async () => {
  await rig.stop();
});

type Party = { readonly peer: RtpPeer; readonly ep: Untyped };

async function party(law: 'PCMU' | 'PCMA' = 'PCMU'): Promise<Party> {
  const peer = await RtpPeer.open(law);
  peers.push(peer);
  const ep = await rig.ms.createEndpoint({ remoteSdp: peer.sdp() });
  await ep.api('uuid_exists', ep.uuid);
  return { peer, ep };
}

function talk({ peer, ep }: Party, frequency: number): void {
  peer.startTone(ep.local.sdp, frequency);
}

/** Sequence numbers heard, without gaps or repeats. */
function isContinuous(peer: RtpPeer): boolean {
  const numbers = peer.packets.map(({ sequence }) => sequence);
  return numbers.every((value, index) => index === 0 || value === (((numbers[index - 1] as number) + 1) & 0xffff));
}

describe('bridge', () => {
  test.each([
    ['PCMU', 'PCMU'],
    ['PCMA', 'PCMA'],
    ['PCMU', 'PCMA'],
  ] as const)('%s and %s hear each other, and nobody after the unbridge', async (one, other) => {
    const a = await party(one);
    const b = await party(other);
    talk(a, 500);
    talk(b, 900);
    await a.ep.bridge(b.ep);
    await Promise.all([a.peer.hears(900), b.peer.hears(500)]);
    expect(new Set(a.peer.packets.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect(isContinuous(a.peer)).toBe(true);
    const parked = once(a.ep.conn, `esl::event::CHANNEL_EXECUTE::${a.ep.uuid}`);
    await a.ep.unbridge();
    expect((await parked)[0].getHeader('Application')).toBe('park');
    const count = a.peer.packets.length;
    await a.peer.until((packets) => packets.length > count + 10, 'silence');
    expect(level(a.peer.heard(count + 3))).toBeLessThan(10);
    await Promise.all([a.peer.hears(700), a.ep.play('tone_stream://%(500,0,700)')]);
    expect(isContinuous(a.peer)).toBe(true);
    await Promise.all([a.ep.destroy(), b.ep.destroy()]);
  });

  test('what was playing ends when the bridge begins, and both legs are told in order', async () => {
    const a = await party();
    const b = await party();
    const applications: string[] = [];
    for (const name of ['CHANNEL_EXECUTE', 'CHANNEL_EXECUTE_COMPLETE']) {
      a.ep.conn.on(`esl::event::${name}::*`, (event: Untyped) =>
        applications.push(`${name} ${event.getHeader('Application')}`),
      );
    }
    const playing = a.ep.play('local_stream://moh');
    await a.peer.until((packets) => level(a.peer.heard(packets.length - 10)) > 100, 'music');
    talk(b, 900);
    await a.ep.bridge(b.ep);
    await playing;
    await a.peer.hears(900);
    expect(applications).toEqual([
      'CHANNEL_EXECUTE playback',
      'CHANNEL_EXECUTE_COMPLETE playback',
      'CHANNEL_EXECUTE_COMPLETE socket',
      'CHANNEL_EXECUTE uuid_bridge',
    ]);
    await Promise.all([a.ep.destroy(), b.ep.destroy()]);
  });

  test('a key is told on its own leg and heard by the other party', async () => {
    const a = await party();
    const b = await party();
    talk(a, 0);
    talk(b, 0);
    await a.ep.bridge(b.ep);
    await b.peer.until(() => level(b.peer.heard()) < 20, 'the bridge');
    const digit = once(a.ep, 'dtmf');
    a.peer.pressKey(a.ep.local.sdp, '5');
    expect((await digit)[0]).toMatchObject({ dtmf: '5', source: 'RTP' });
    await b.peer.until(() => b.peer.keys() === '5', 'the key');
    await Promise.all([a.ep.destroy(), b.ep.destroy()]);
  });

  test('when one party hangs up the other stays and can be played to', async () => {
    const a = await party();
    const b = await party();
    await a.ep.bridge(b.ep);
    await a.ep.dialog.destroy();
    await Promise.all([b.peer.hears(700), b.ep.play('tone_stream://%(500,0,700)')]);
    expect((await b.ep.api('uuid_getvar', [b.ep.uuid, 'last_bridge_hangup_cause'])).body).toBe('NORMAL_CLEARING');
    await b.ep.destroy();
  });

  test('a uuid that does not exist is refused', async () => {
    const a = await party();
    await expect(a.ep.bridge('11111111-1111-4111-8111-111111111111')).rejects.toThrow('Invalid uuid');
    await a.ep.destroy();
  });

  test('mute keeps the caller from being heard', async () => {
    const a = await party();
    const b = await party();
    talk(a, 500);
    talk(b, 900);
    await a.ep.bridge(b.ep);
    await b.peer.hears(500);
    await a.ep.mute();
    const count = b.peer.packets.length;
    await b.peer.until(
      (packets) => packets.length > count + 15 && level(b.peer.heard(packets.length - 10)) < 10,
      'silence',
    );
    await a.ep.unmute();
    await b.peer.hears(500);
    await Promise.all([a.ep.destroy(), b.ep.destroy()]);
  });
});

describe("the app's loss", () => {
  test('bridged parties whose socket_resume is false go on talking, and end together', async () => {
    const a = await party();
    const b = await party();
    talk(a, 500);
    talk(b, 900);
    await Promise.all([a.ep.set('socket_resume', 'false'), b.ep.set('socket_resume', 'false')]);
    await a.ep.bridge(b.ep);
    await b.peer.hears(500);
    a.ep.conn.socket.destroy();
    b.ep.conn.socket.destroy();
    const [atA, atB] = [a.peer.packets.length, b.peer.packets.length];
    await Promise.all([
      a.peer.until(
        (packets) => packets.slice(atA).filter(({ payload }) => hasTone(a.peer.decode(payload), 900)).length > 40,
        'b',
      ),
      b.peer.until(
        (packets) => packets.slice(atB).filter(({ payload }) => hasTone(b.peer.decode(payload), 500)).length > 40,
        'a',
      ),
    ]);
    const bye = once(b.ep.dialog, 'destroy');
    await a.ep.dialog.destroy();
    await bye;
  });

  test('without it both are released', async () => {
    const a = await party();
    const b = await party();
    await a.ep.bridge(b.ep);
    const byes = Promise.all([once(a.ep.dialog, 'destroy'), once(b.ep.dialog, 'destroy')]);
    a.ep.conn.socket.destroy();
    b.ep.conn.socket.destroy();
    await byes;
  });
});

describe('audio fork', () => {
  type Received = { texts: string[]; audio: Int16Array; socket: WebSocket; protocol: string };

  async function forkServer(): Promise<{ server: WebSocketServer; url: string; connection: Promise<Received> }> {
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      handleProtocols: (offered) => [...offered][0] ?? false,
    });
    await once(server, 'listening');
    const connection = once(server, 'connection').then(([socket]) => {
      const received: Received = { texts: [], audio: new Int16Array(0), socket, protocol: socket.protocol };
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        if (!isBinary) received.texts.push(String(data));
        else {
          const fresh = new Int16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
          const joined = new Int16Array(received.audio.length + fresh.length);
          joined.set(received.audio);
          joined.set(fresh, received.audio.length);
          received.audio = joined;
        }
        socket.emit('heard');
      });
      return received;
    });
    return { server, url: `ws://127.0.0.1:${(server.address() as { port: number }).port}/fork`, connection };
  }

  async function collectSeconds(received: Received, seconds: number, rate: number, channels: number): Promise<void> {
    while (received.audio.length < seconds * rate * channels) await once(received.socket, 'heard');
  }

  /** One channel of what was received, without its first 300 ms. */
  const channel = ({ audio }: Received, index: number, rate: number) =>
    audio.filter((_, at) => at % 2 === index).subarray(0.3 * rate);

  test.each([8000, 16_000])('in stereo at %i Hz each party is on its own channel', async (rate) => {
    const a = await party();
    const b = await party('PCMA');
    talk(a, 500);
    talk(b, 900);
    await a.ep.bridge(b.ep);
    await a.peer.hears(900);
    const { server, url, connection } = await forkServer();
    const connected = new Promise((resolve) => a.ep.addCustomEventListener('mod_audio_fork::connect', resolve));
    await a.ep.forkAudioStart({ wsUrl: url, mixType: 'stereo', sampling: String(rate), metadata: { call: 'x' } });
    const received = await connection;
    await connected;
    await collectSeconds(received, 1.3, rate, 2);
    expect(received.protocol).toBe('audio.drachtio.org');
    expect(received.texts).toEqual(['{"call":"x"}']);
    expect(toneShare(channel(received, 0, rate), 500, rate)).toBeGreaterThan(0.9);
    expect(toneShare(channel(received, 1, rate), 900, rate)).toBeGreaterThan(0.9);
    await a.ep.api('uuid_audio_fork', `${a.ep.uuid} send_text '{"mark":1}'`);
    const closed = once(received.socket, 'close');
    await a.ep.forkAudioStop();
    expect((await closed)[0]).toBe(1000);
    expect(received.texts.at(-1)).toBe('{"mark":1}');
    server.close();
    await Promise.all([a.ep.destroy(), b.ep.destroy()]);
  });

  test('before a bridge the right channel is the prompt; a pause leaves a hole in time, not in place', async () => {
    const a = await party();
    talk(a, 500);
    const { server, url, connection } = await forkServer();
    await a.ep.forkAudioStart({ wsUrl: url, mixType: 'stereo', sampling: '8000' });
    const received = await connection;
    const playing = a.ep.play('tone_stream://%(2000,0,1200)');
    await collectSeconds(received, 1.2, 8000, 2);
    expect(toneShare(channel(received, 1, 8000).subarray(1600), 1200)).toBeGreaterThan(0.9);
    await a.ep.forkAudioPause();
    await playing;
    const paused = received.audio.length;
    await a.ep.play('silence_stream://200');
    expect(received.audio.length).toBe(paused);
    await a.ep.forkAudioResume();
    await once(received.socket, 'heard');
    await a.ep.destroy();
    await once(received.socket, 'close');
    server.close();
  });

  test('what the server streams back is played to the caller, marks and all; killAudio ends it', async () => {
    const a = await party();
    const { server, url, connection } = await forkServer();
    const command = ['^^', a.ep.uuid, 'start', url, 'mono', '8000', '', '', 'true', 'true', '16000'].join('|');
    expect((await a.ep.api('uuid_audio_fork', command)).body).toBe('+OK Success\n');
    const received = await connection;
    const tone = Int16Array.from({ length: 16_000 * 3 }, (_, i) => 8000 * Math.sin((2 * Math.PI * 600 * i) / 16_000));
    received.socket.send(Buffer.from(tone.buffer, 0, 16_000 * 2));
    received.socket.send(JSON.stringify({ type: 'mark', data: { name: 'm1' } }));
    await a.peer.hears(600);
    while (received.texts.length === 0) await once(received.socket, 'heard');
    expect(JSON.parse(received.texts[0] as string)).toEqual({ type: 'mark', data: { name: 'm1', event: 'playout' } });
    received.socket.send(Buffer.from(tone.buffer));
    await a.peer.hears(600);
    received.socket.send(JSON.stringify({ type: 'killAudio' }));
    const count = a.peer.packets.length;
    await a.peer.until(
      (packets) => packets.length > count + 15 && level(a.peer.heard(packets.length - 5)) < 10,
      'silence',
    );
    server.close();
    await a.ep.destroy();
  });

  test('a server that refuses is told as connect_failed, one that goes away as disconnect', async () => {
    const a = await party();
    const failed = new Promise((resolve) => a.ep.addCustomEventListener('mod_audio_fork::connect_failed', resolve));
    await a.ep.forkAudioStart({ wsUrl: 'ws://127.0.0.1:1/x', mixType: 'mono', sampling: '8000' });
    expect(await failed).toHaveProperty('reason');
    const { server, url, connection } = await forkServer();
    const gone = new Promise((resolve) => a.ep.addCustomEventListener('mod_audio_fork::disconnect', resolve));
    await a.ep.forkAudioStart({ wsUrl: url, mixType: 'mono', sampling: '8000' });
    (await connection).socket.terminate();
    await gone;
    server.close();
    await a.ep.destroy();
  });
});

describe('hostile RTP', () => {
  test("a stranger's packets and a flood of nonsense change nothing", async () => {
    const a = await party();
    const b = await party();
    talk(a, 500);
    talk(b, 900);
    await a.ep.bridge(b.ep);
    await a.peer.hears(900);
    const stranger = createSocket('udp4');
    const port = portOf(a.ep.local.sdp);
    const forged = Buffer.alloc(172, 0x55);
    forged[0] = 0x80;
    forged[1] = 0;
    for (let i = 0; i < 2000; i++) {
      forged.writeUInt16BE(i & 0xffff, 2);
      stranger.send(i % 3 === 0 ? Buffer.alloc(i % 60, i) : forged, port, '127.0.0.1');
    }
    const count = b.peer.packets.length;
    await b.peer.until((packets) => packets.length > count + 30, 'more audio');
    const fresh = b.peer.packets.slice(count, count + 30);
    expect(fresh.filter(({ payload }) => hasTone(b.peer.decode(payload), 500)).length).toBeGreaterThanOrEqual(29);
    stranger.close();
    await Promise.all([a.ep.destroy(), b.ep.destroy()]);
  });

  test('a party behind NAT is found by its packets when none come from the address of its SDP', async () => {
    const a = await party();
    const other = await RtpPeer.open();
    peers.push(other);
    other.startTone(a.ep.local.sdp, 500);
    await other.until((packets) => packets.length > 5, 'audio at the address that sends');
    await Promise.all([other.hears(700), a.ep.play('tone_stream://%(500,0,700)')]);
    await a.ep.destroy();
  });
});
