/*
 * How many bridged and forked calls one media engine carries, and how late its packets are:
 *   node test/engine/media-bench.ts [calls=50] [seconds=10] [workers=1]
 * The engine is a process of its own; signaling, the app (drachtio-srf, drachtio-fsmrf), the phones and the fork's
 * server run in this one, so its own delays count as lateness too.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { type MediaEngine, startMediaEngine } from '../../embedded/media/engine.ts';
import { connectRig, portOf, type Untyped } from './media-support.ts';

const host = '127.0.0.1';
/** Calls set up at the same time. */
const atOnce = 5;
const quiet = { info() {}, warn: (_fields: object, message: string) => console.error(message) };
const engineOptions = (workers: number) => ({
  sipHost: host,
  sipPort: 0,
  eslHost: host,
  eslPort: 0,
  eslSecret: 'rig',
  rtpHost: host,
  rtpMin: 34_000,
  rtpMax: 39_999,
  workers,
  log: quiet,
});

async function engineProcess(): Promise<void> {
  const engine: MediaEngine = await startMediaEngine(engineOptions(Number(process.env.MEDIA_BENCH_ENGINE)));
  process.send?.({ eslPort: engine.eslPort });
  process.once('disconnect', () => void engine.stop().then(() => process.exit(0)));
}

type Phone = {
  readonly socket: Socket;
  port: number;
  sequence: number;
  readonly lateness: number[];
  base: number;
  last: number;
  lost: number;
};

// Sent at once: the one packet buffer of all phones is written anew for the next.
const lookup = ((name: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
  done(null, name, 4)) as never;

async function openPhone(): Promise<Phone> {
  const socket = createSocket({ type: 'udp4', lookup, recvBufferSize: 1 << 18 });
  const listening = once(socket, 'listening');
  socket.bind(0, host);
  await listening;
  const phone: Phone = {
    socket,
    port: 0,
    sequence: 0,
    lateness: [],
    base: Number.POSITIVE_INFINITY,
    last: -1,
    lost: 0,
  };
  socket.on('message', (packet) => {
    if (((packet[1] as number) & 0x7f) !== 0) return; // the RTCP of the phone one port below
    const transit = performance.now() - packet.readUInt32BE(4) / 8;
    phone.base = Math.min(phone.base, transit);
    phone.lateness.push(transit - phone.base);
    const sequence = packet.readUInt16BE(2);
    if (phone.last >= 0 && sequence !== ((phone.last + 1) & 0xffff)) phone.lost += 1;
    phone.last = sequence;
  });
  return phone;
}

const offer = (port: number) =>
  `v=0\r\no=- 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n`;

/** CPU seconds of a process so far. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function talk(phones: readonly Phone[]): () => void {
  const packet = Buffer.alloc(172, 0x7e);
  packet[0] = 0x80;
  packet[1] = 0;
  const start = performance.now();
  let tick = 0;
  const timer = setInterval(() => {
    for (; tick < (performance.now() - start) / 20; tick++) {
      packet.writeUInt32BE((tick * 160) >>> 0, 4);
      phones.forEach((phone, index) => {
        packet.writeUInt16BE(phone.sequence++ & 0xffff, 2);
        packet.writeUInt32BE(index + 1, 8);
        phone.socket.send(packet, phone.port, host);
      });
    }
  }, 4);
  return () => clearInterval(timer);
}

async function bench(): Promise<void> {
  const [calls = 50, seconds = 10, workers = 1] = process.argv.slice(2).map(Number);
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, MEDIA_BENCH_ENGINE: String(workers) },
  });
  const [{ eslPort }] = (await once(child, 'message')) as [{ eslPort: number }];
  const rig = await connectRig(eslPort);
  const server = new WebSocketServer({
    port: 0,
    host,
    perMessageDeflate: false,
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  await once(server, 'listening');
  const url = `ws://${host}:${(server.address() as { port: number }).port}/`;
  let forked = 0;
  server.on('connection', (socket) => socket.on('message', (data: Buffer) => (forked += data.length)));
  const phones: Phone[] = [];
  const setUp = performance.now();
  const setUpOne = async () => {
    const pair = await Promise.all([openPhone(), openPhone()]);
    const legs: Untyped[] = await Promise.all(
      pair.map((phone) => rig.ms.createEndpoint({ remoteSdp: offer(phone.socket.address().port) })),
    );
    for (const [index, phone] of pair.entries()) phone.port = portOf(legs[index].local.sdp);
    phones.push(...pair);
    await legs[0].bridge(legs[1]);
    await legs[0].forkAudioStart({ wsUrl: url, mixType: 'stereo', sampling: '8000' });
  };
  for (let call = 0; call < calls; call += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, calls - call) }, setUpOne));
  }
  const setUpMs = (performance.now() - setUp) / calls;
  const stop = talk(phones);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  for (const phone of phones) Object.assign(phone, { base: Number.POSITIVE_INFINITY, lateness: [], lost: 0 });
  forked = 0;
  const [engineBefore, ownBefore, from] = [cpuSeconds(child.pid as number), cpuSeconds(process.pid), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const elapsed = (performance.now() - from) / 1000;
  const engineCpu = cpuSeconds(child.pid as number) - engineBefore;
  const ownCpu = cpuSeconds(process.pid) - ownBefore;
  stop();
  const lateness = Float64Array.from(phones.flatMap((phone) => phone.lateness)).sort();
  const at = (share: number) => lateness[Math.floor(lateness.length * share)]?.toFixed(1);
  const late = lateness.filter((ms) => ms > 40).length / lateness.length;
  console.table({
    calls,
    workers,
    'set-up ms a call': setUpMs.toFixed(0),
    'packets heard': lateness.length,
    'of those expected %': ((100 * lateness.length) / (elapsed * 50 * phones.length)).toFixed(2),
    'gaps in sequence': phones.reduce((sum, { lost }) => sum + lost, 0),
    'lateness p50 / p95 / p99 / max ms': `${at(0.5)} / ${at(0.95)} / ${at(0.99)} / ${lateness.at(-1)?.toFixed(1)}`,
    'later than 40 ms %': (late * 100).toFixed(3),
    'forked seconds of those expected %': ((100 * forked) / (elapsed * 32_000 * calls)).toFixed(1),
    'engine CPU, % of a core': ((100 * engineCpu) / elapsed).toFixed(0),
    'engine CPU-ms a call-minute': ((engineCpu * 1000 * 60) / elapsed / calls).toFixed(0),
    'this process, % of a core': ((100 * ownCpu) / elapsed).toFixed(0),
  });
  rig.close();
  child.disconnect();
  process.exit(0);
}

if (process.env.MEDIA_BENCH_ENGINE === undefined) await bench();
else await engineProcess();
