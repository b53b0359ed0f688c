/* One endpoint: offers and answers, playback, keys, recording, the ways in which it ends. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readWav } from '../../embedded/media/audio/wav.ts';
import {
  hasTone,
  level,
  portOf,
  type Rig,
  RtpPeer,
  startRig,
  toneShare,
  type Untyped,
  writeTone,
} from './media-support.ts';

let rig: Rig;
let folder: string;
const peers: RtpPeer[] = [];

beforeAll(async () => {
  rig = await startRig();
  folder = await mkdtemp(join(tmpdir(), 'media-'));
});
afterEach(async () => {
  const left = await rig.ms.api('show channels');
  for (const [uuid] of left.matchAll(/^[0-9a-f-]{36}/gm)) await rig.ms.api(`uuid_kill ${uuid}`);
  expect(left.trim()).toBe('0 total.');
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
});
afterAll(async () => {
  await rig.stop();
  await rm(folder, { recursive: true });
});

async function openPeer(law: 'PCMU' | 'PCMA' = 'PCMU'): Promise<RtpPeer> {
  const peer = await RtpPeer.open(law);
  peers.push(peer);
  return peer;
}

async function openEndpoint(law: 'PCMU' | 'PCMA' = 'PCMU'): Promise<{ peer: RtpPeer; ep: Untyped }> {
  const peer = await openPeer(law);
  const ep = await rig.ms.createEndpoint({ remoteSdp: peer.sdp() });
  // The library subscribes to events after it has handed out the endpoint; an answer tells that they will come.
  await ep.api('uuid_exists', ep.uuid);
  return { peer, ep };
}

/** File names of an endpoint's playback events, in order. */
function playbackEvents(ep: Untyped): string[] {
  const seen: string[] = [];
  ep.on('playback-start', ({ file }: { file: string }) => seen.push(`start ${file}`));
  ep.on('playback-stop', ({ file }: { file: string }) => seen.push(`stop ${file}`));
  return seen;
}

describe('offer and answer', () => {
  test('PCMU is preferred, silence flows at once with one stream of continuous numbers', async () => {
    const { peer, ep } = await openEndpoint();
    expect(ep.local.sdp).toMatch(/m=audio \d+ RTP\/AVP 0 101\r\n/);
    expect(ep.dtmfType).toBe('rfc2833');
    expect(ep.remote.mediaPort).toBe(String(peer.port));
    await peer.until((packets) => packets.length >= 10, 'ten packets of silence');
    expect(peer.packets[0]?.marker).toBe(true);
    const [first, , , fourth] = peer.packets;
    expect(fourth?.sequence).toBe(((first?.sequence ?? 0) + 3) & 0xffff);
    expect(fourth?.timestamp).toBe(((first?.timestamp ?? 0) + 480) >>> 0);
    expect(level(peer.heard())).toBeLessThan(10);
    await ep.destroy();
  });

  test('PCMA alone is answered with PCMA and heard', async () => {
    const { peer, ep } = await openEndpoint('PCMA');
    expect(ep.local.sdp).toMatch(/RTP\/AVP 8 101\r\n/);
    await Promise.all([peer.hears(600), ep.play('tone_stream://%(600,0,600)')]);
    await ep.destroy();
  });

  test('30 ms packets are honoured', async () => {
    const peer = await openPeer();
    const ep = await rig.ms.createEndpoint({ remoteSdp: peer.sdp().replace('a=ptime:20', 'a=ptime:30') });
    expect(ep.local.sdp).toContain('a=ptime:30');
    await peer.until((packets) => packets.length >= 6, 'packets');
    expect(new Set(peer.packets.map(({ payload }) => payload.length))).toEqual(new Set([240]));
    const [first, second] = peer.packets;
    expect(((second?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0).toBe(240);
    await ep.destroy();
  });

  test.each([
    [
      'no common codec',
      (sdp: string) => sdp.replace('RTP/AVP 0 8 101', 'RTP/AVP 18').replace(/a=rtpmap:(0|8) .*\r\n/g, ''),
    ],
    ['a zero port', (sdp: string) => sdp.replace(/m=audio \d+/, 'm=audio 0')],
    ['a multicast address', (sdp: string) => sdp.replace('c=IN IP4 127.0.0.1', 'c=IN IP4 239.1.2.3')],
    ['an absurd ptime', (sdp: string) => sdp.replace('a=ptime:20', 'a=ptime:5000')],
  ])('%s is refused with 488', async (_name, change) => {
    const peer = await openPeer();
    await expect(rig.ms.createEndpoint({ remoteSdp: change(peer.sdp()) })).rejects.toMatchObject({ status: 488 });
  });

  test('without an offer one is made, and a later modify with the real SDP connects the audio', async () => {
    const peer = await openPeer();
    const ep = await rig.ms.createEndpoint();
    expect(ep.local.sdp).toMatch(/m=audio \d+ RTP\/AVP 0 8 101\r\n/);
    const port = portOf(ep.local.sdp);
    const answer = await ep.modify(peer.sdp());
    expect(portOf(answer)).toBe(port);
    expect(ep.remote.mediaPort).toBe(String(peer.port));
    await Promise.all([peer.hears(440), ep.play('tone_stream://%(500,0,440)')]);
    await ep.destroy();
  });

  test('hold stops the stream, resuming brings it back', async () => {
    const { peer, ep } = await openEndpoint();
    const states: string[] = [];
    ep.conn.on('esl::event::CHANNEL_CALLSTATE::*', (event: Untyped) =>
      states.push(event.getHeader('Channel-Call-State')),
    );
    await peer.until((packets) => packets.length > 3, 'silence');
    const held = await ep.modify(peer.sdp('a=inactive'));
    expect(held).toContain('a=inactive');
    const count = peer.packets.length;
    await ep.play('silence_stream://200');
    expect(peer.packets.length - count).toBeLessThanOrEqual(2);
    await ep.modify(peer.sdp());
    await peer.until((packets) => packets.length > count + 5, 'packets after the hold');
    expect(states).toEqual(['HELD', 'UNHELD', 'ACTIVE']);
    const [before, after] = [peer.packets[count - 1], peer.packets[count + 3]];
    expect(after?.ssrc).toBe(before?.ssrc);
    await ep.destroy();
  });
});

describe('playback', () => {
  test.each([
    ['8 kHz mono', 8000, 1],
    ['16 kHz mono', 16_000, 1],
    ['44.1 kHz stereo', 44_100, 2],
  ])('a WAV of %s is heard as the tone that it is', async (_name, rate, channels) => {
    const { peer, ep } = await openEndpoint();
    const file = await writeTone(folder, { frequency: 440, seconds: 1, rate, channels });
    const events = playbackEvents(ep);
    const result = await ep.play(file);
    expect(result).toEqual({ playbackSeconds: '1', playbackMilliseconds: '1000', playbackLastOffsetPos: '8000' });
    expect(events).toEqual([`start ${file}`, `stop ${file}`]);
    const loud = peer.packets.filter(({ payload }) => hasTone(peer.decode(payload), 440));
    expect(loud.length).toBeGreaterThanOrEqual(49);
    expect(loud.length).toBeLessThanOrEqual(51);
    await ep.destroy();
  });

  test('an array is played in order, each with its events; a missing file among them is skipped', async () => {
    const { peer, ep } = await openEndpoint();
    const low = await writeTone(folder, { frequency: 400, seconds: 0.3 });
    const high = await writeTone(folder, { frequency: 1200, seconds: 0.3 });
    const events = playbackEvents(ep);
    await ep.play([low, join(folder, 'nope.wav'), high]);
    expect(events).toEqual([`start ${low}`, `stop ${low}`, `start ${high}`, `stop ${high}`]);
    const tones = peer.packets
      .map(({ payload }) => (hasTone(peer.decode(payload), 400) ? 400 : hasTone(peer.decode(payload), 1200) ? 1200 : 0))
      .filter((tone) => tone > 0);
    expect(tones).toEqual([...tones].sort((a, b) => a - b));
    expect(new Set(tones).size).toBe(2);
    await ep.destroy();
  });

  test('a missing file is told, an offset is obeyed', async () => {
    const { ep } = await openEndpoint();
    await expect(ep.play(join(folder, 'nope.wav'))).rejects.toThrow('File Not Found');
    const file = await writeTone(folder, { frequency: 440, seconds: 1 });
    const result = await ep.play({ file, seekOffset: 4000 });
    expect(result).toEqual({ playbackSeconds: '0', playbackMilliseconds: '500', playbackLastOffsetPos: '8000' });
    await ep.destroy();
  });

  test('uuid_break stops it within two frames', async () => {
    const { peer, ep } = await openEndpoint();
    const playing = ep.play('tone_stream://%(10000,0,500)');
    await peer.hears(500);
    await ep.api('uuid_break', ep.uuid);
    const count = peer.packets.length;
    await playing;
    await peer.until((packets) => packets.length > count + 10, 'silence after the break');
    expect(level(peer.heard(count + 3))).toBeLessThan(10);
    await ep.destroy();
  });

  test('a second playback suspends the first, which goes on afterwards', async () => {
    const { peer, ep } = await openEndpoint();
    const order: string[] = [];
    const first = ep.play('tone_stream://%(800,0,500)').then(() => order.push('first'));
    await peer.hears(500);
    const second = ep.play('tone_stream://%(300,0,1000)').then(() => order.push('second'));
    await peer.hears(1000);
    await peer.hears(500);
    await Promise.all([first, second]);
    expect(order).toEqual(['second', 'first']);
    await ep.destroy();
  });

  test('music on hold is heard until it is stopped', async () => {
    const { peer, ep } = await openEndpoint();
    const playing = ep.play('local_stream://moh');
    await peer.until((packets) => packets.length > 50 && level(peer.heard(packets.length - 25)) > 100, 'music');
    await ep.api('uuid_break', `${ep.uuid} all`);
    await playing;
    await ep.destroy();
  });
});

describe('keys', () => {
  const collect = { min: 1, max: 4, timeout: 3000, digitTimeout: 400, file: 'tone_stream://%(5000,0,440)' };

  test('the first key stops the prompt, the terminator ends the entry', async () => {
    const { peer, ep } = await openEndpoint();
    const order: string[] = [];
    ep.on('playback-stop', () => order.push('stopped'));
    ep.on('dtmf', ({ dtmf, duration, source }: Untyped) => order.push(`${dtmf} ${duration} ${source}`));
    const collected = ep.playCollect(collect);
    await peer.hears(440);
    for (const key of ['1', '2', '#']) peer.pressKey(ep.local.sdp, key);
    expect(await collected).toMatchObject({ digits: '12', terminatorUsed: '#', invalidDigits: null });
    expect(order).toContain('stopped');
    expect(order.filter((line) => line !== 'stopped')).toEqual(['1 1120 RTP', '2 1120 RTP', '# 1120 RTP']);
    await ep.destroy();
  });

  test('the digit time-out ends a short entry, no key at all gives null and plays the invalid file', async () => {
    const { peer, ep } = await openEndpoint();
    const collected = ep.playCollect({ ...collect, file: 'silence_stream://100' });
    await once(ep, 'playback-stop');
    peer.pressKey(ep.local.sdp, '7');
    expect((await collected).digits).toBe('7');
    const events = playbackEvents(ep);
    const nothing = await ep.playCollect({ ...collect, file: 'silence_stream://100', timeout: 300 });
    expect(nothing.digits).toBeNull();
    expect(events.at(-1)).toBe('stop silence_stream://250');
    await ep.destroy();
  });

  test('an entry that does not match is told as invalid and asked for again', async () => {
    const { peer, ep } = await openEndpoint();
    ep.on('playback-stop', ({ file }: Untyped) => {
      if (file === 'silence_stream://100') peer.pressKey(ep.local.sdp, keys.shift() as string);
    });
    const keys = ['2', '1'];
    const result = await ep.playCollect({
      min: 1,
      max: 1,
      tries: 2,
      timeout: 2000,
      file: 'silence_stream://100',
      invalidFile: 'silence_stream://150',
      regexp: '^1$',
    });
    expect(result).toMatchObject({ digits: '1', invalidDigits: '2' });
    await ep.destroy();
  });

  test.each([
    ['all end packets', [6, 7, 8]],
    ['the first packets', [0, 1, 2]],
    ['every packet but one', [0, 1, 2, 3, 5, 6, 7, 8]],
  ])('a key is told once when %s are lost', async (_name, drop) => {
    const { peer, ep } = await openEndpoint();
    const keys: string[] = [];
    ep.on('dtmf', ({ dtmf }: Untyped) => keys.push(dtmf));
    peer.pressKey(ep.local.sdp, '5', drop);
    await once(ep, 'dtmf');
    peer.pressKey(ep.local.sdp, '6');
    await once(ep, 'dtmf');
    expect(keys).toEqual(['5', '6']);
    await ep.destroy();
  });

  test('after start_dtmf keys dialled as tones are told, from a peer without telephone-events', async () => {
    const peer = await openPeer();
    const ep = await rig.ms.createEndpoint({
      remoteSdp: peer
        .sdp()
        .replace(' 101\r', '\r')
        .replace(/a=(rtpmap|fmtp):101.*\r\n/g, ''),
    });
    expect(ep.dtmfType).toBe('none');
    await ep.execute('start_dtmf');
    const digit = once(ep, 'dtmf');
    peer.startTone(ep.local.sdp, 770, 1336);
    await ep.play('silence_stream://200');
    peer.startTone(ep.local.sdp, 0);
    expect((await digit)[0]).toMatchObject({ dtmf: '5', source: 'INBAND_AUDIO' });
    await ep.destroy();
  });

  test('send_dtmf is heard as telephone-events', async () => {
    const { peer, ep } = await openEndpoint();
    await ep.execute('send_dtmf', '12#@100');
    await peer.until(() => peer.keys() === '12#', 'three keys');
    await peer.until((packets) => packets.at(-1)?.type === 0, 'audio after them');
    const first = peer.packets.filter(({ type }) => type === 101).slice(0, 7);
    expect(first.map(({ payload }) => payload.readUInt16BE(2))).toEqual([160, 320, 480, 640, 800, 800, 800]);
    expect(first.map(({ marker }) => marker)).toEqual([true, false, false, false, false, false, false]);
    const numbers = peer.packets.map(({ sequence }) => sequence);
    expect(
      numbers.every((value, index) => index === 0 || value === (((numbers[index - 1] as number) + 1) & 0xffff)),
    ).toBe(true);
    await ep.destroy();
  });
});

describe('recording', () => {
  test('record keeps what the caller says until its limit', async () => {
    const { peer, ep } = await openEndpoint();
    peer.startTone(ep.local.sdp, 700);
    const path = join(folder, 'caller.wav');
    const result = await ep.record(path, { timeLimitSecs: 1 });
    expect(result).toMatchObject({ recordSeconds: '1', recordMilliseconds: '1000', recordSamples: '8000' });
    const wav = readWav(await readFile(path));
    expect(wav?.samples.length).toBe(8000);
    expect(toneShare((wav?.samples ?? new Int16Array(0)).subarray(2000, 6000), 700)).toBeGreaterThan(0.95);
    await ep.destroy();
  });

  test('record ends on silence', async () => {
    const { ep } = await openEndpoint();
    const result = await ep.record(join(folder, 'quiet.wav'), { timeLimitSecs: 5, silenceThresh: 200, silenceHits: 1 });
    expect(Number(result.recordMilliseconds)).toBeLessThan(1500);
    await ep.destroy();
  });

  test('a stereo session recording has the caller left and what it hears right', async () => {
    const { peer, ep } = await openEndpoint();
    peer.startTone(ep.local.sdp, 700);
    await ep.set('RECORD_STEREO', 'true');
    const path = join(folder, 'session.wav');
    await ep.recordSession(path);
    await ep.play('tone_stream://%(800,0,1300)');
    await ep.execute('stop_record_session', path);
    const file = await readFile(path);
    expect(file.readUInt16LE(22)).toBe(2);
    const both = new Int16Array(file.buffer, file.byteOffset + 44, 800 * 8 * 2);
    const channel = (index: number) => both.filter((_, at) => at % 2 === index).subarray(2400, 5600);
    expect(toneShare(channel(0), 700)).toBeGreaterThan(0.95);
    expect(toneShare(channel(1), 1300)).toBeGreaterThan(0.95);
    await ep.destroy();
  });
});

describe('variables and api', () => {
  test('set, multiset, export and unset show in the dump', async () => {
    const { ep } = await openEndpoint();
    await ep.set({ a: '1', b: 'two words', c: 'x^y' });
    await ep.export('exp', '1');
    const {
      variable_a: a,
      variable_b: b,
      variable_c: c,
      variable_export_vars: exported,
    } = await ep.getChannelVariables(true);
    expect({ a, b, c, exported }).toEqual({ a: '1', b: 'two words', c: 'x^y', exported: 'exp' });
    await ep.execute('unset', 'a');
    expect((await ep.api('uuid_getvar', [ep.uuid, 'a'])).body).toBe('_undef_');
    expect((await ep.api('uuid_getvar', [ep.uuid, 'b'])).body).toBe('two words');
    expect((await ep.api('uuid_exists', ep.uuid)).body).toBe('true');
    expect((await ep.api('nonesuch', 'x')).body).toBe('-ERR nonesuch Command not found!\n');
    expect(await rig.ms.api('uuid_kill nope')).toBe('-ERR No such channel!\n');
    await ep.destroy();
  });

  test('statistics count what came and went', async () => {
    const { peer, ep } = await openEndpoint();
    peer.startTone(ep.local.sdp, 700);
    await ep.play('tone_stream://%(500,0,440)');
    const variables = await ep.getChannelVariables(true);
    expect(variables.variable_rtp_audio_in_packet_count).toBeGreaterThan(20);
    expect(variables.variable_rtp_audio_out_packet_count).toBeGreaterThan(20);
    expect(variables.variable_rtp_audio_in_skip_packet_count).toBe(0);
    await ep.destroy();
  });
});

describe('the end', () => {
  test('uuid_kill is told to the endpoint and to the SIP peer with its cause', async () => {
    const { ep } = await openEndpoint();
    const bye = once(ep.dialog, 'destroy');
    const gone = once(ep, 'destroy');
    await rig.ms.api(`uuid_kill ${ep.uuid} USER_BUSY`);
    const [request] = await bye;
    expect(request.get('Reason')).toContain('cause=17');
    await gone;
  });

  test("the SIP peer's BYE ends the endpoint with a reason, and what was playing settles", async () => {
    const { peer, ep } = await openEndpoint();
    const playing = ep.play('tone_stream://%(10000,0,440)');
    await peer.hears(440);
    const gone = once(ep, 'destroy');
    await ep.dialog.destroy();
    expect((await gone)[0]).toEqual({ reason: 'NORMAL_CLEARING' });
    await playing;
  });

  test('an unknown application ends the call', async () => {
    const { ep } = await openEndpoint();
    const gone = once(ep, 'destroy');
    ep.execute('nonesuch', 'x', () => {});
    expect((await gone)[0]).toEqual({ reason: 'DESTINATION_OUT_OF_ORDER' });
  });

  test("the app's closing its socket ends an unbridged call", async () => {
    const { ep } = await openEndpoint();
    const bye = once(ep.dialog, 'destroy');
    ep.conn.socket.destroy();
    await bye;
  });

  test('no RTP for the time set ends the call with MEDIA_TIMEOUT', async () => {
    const { peer, ep } = await openEndpoint();
    peer.startTone(ep.local.sdp, 500);
    const bye = once(ep.dialog, 'destroy');
    const gone = once(ep, 'destroy');
    await ep.set('rtp_timeout_sec', '1');
    peer.stopTone();
    expect((await bye)[0].get('Reason')).toContain('MEDIA_TIMEOUT');
    expect((await gone)[0]).toEqual({ reason: 'MEDIA_TIMEOUT' });
  });
});
