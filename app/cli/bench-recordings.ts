import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { loadPrivateKeys } from '../../recordings/reader/private-keys.ts';
import { Recorder } from '../../recordings/recorder.ts';

/*
 * The recorder in a process of its own takes stereo forks in real time: its CPU and event-loop lag, beside what openssl
 * does of the same cipher on the same machine. Database rows are left out: there is one a call, not one a frame.
 */
const frameMs = 20;
const frameBytes = 640;

type Measured = {
  readonly cpuSeconds: number;
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly residentMb: number;
  readonly sealedBytes: number;
  readonly broken: number;
  readonly gaps: number;
};

/** `npm run bench:recordings -- [--streams 200] [--seconds 20]` */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      streams: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '20' },
      recorder: { type: 'string' },
    },
  });
  const streams = Number(values.streams);
  const seconds = Number(values.seconds);
  if (values.recorder) return record(values.recorder, streams);

  const folder = await mkdtemp(join(tmpdir(), 'chartline-bench-'));
  try {
    await loadPrivateKeys(join(folder, 'keys'));
    const measured = await drive(folder, streams, seconds);
    report(streams, seconds, measured, opensslBytesPerSecond());
    return measured.broken === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The recorder's side: prints the forks' URLs, then what it measured once all have closed. */
async function record(dataFolder: string, streams: number): Promise<number> {
  const recorder = await Recorder.start({
    db: { query: () => Promise.reject(new Error('no database in the benchmark')) },
    dataFolder,
    clinic: 'Benchmark',
    node: 'bench',
    fork: { host: '127.0.0.1', port: 0 },
    log: pino({ level: 'silent' }),
  });
  const sessions = Array.from({ length: streams }, () =>
    recorder.open({ callId: randomUUID(), startedAt: new Date(), law: 'PCMU' }),
  );
  console.log(JSON.stringify(sessions.map((session) => session.forkUrl)));
  await Promise.all(sessions.map((session) => session.opened));
  const lag = monitorEventLoopDelay({ resolution: 1 });
  const before = process.cpuUsage();
  lag.enable();
  await once(process.stdin, 'data'); // the driver says that everything has been sent
  const used = process.cpuUsage(before);
  lag.disable();
  const residentMb = Math.round(process.memoryUsage.rss() / 1e6);
  const results = await Promise.all(sessions.map((session) => session.stop()));
  const measured: Measured = {
    cpuSeconds: (used.user + used.system) / 1e6,
    lagMs: { p50: lag.percentile(50) / 1e6 - 1, p99: lag.percentile(99) / 1e6 - 1, max: lag.max / 1e6 - 1 },
    residentMb,
    sealedBytes: results.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    broken: results.filter(({ state }) => state === 'broken').length,
    gaps: results.reduce((sum, { gaps }) => sum + gaps.length, 0),
  };
  console.log(JSON.stringify(measured));
  await recorder.close();
  return 0;
}

/** The media server's side: every stream sends 20 ms of stereo every 20 ms. */
async function drive(folder: string, streams: number, seconds: number): Promise<Measured> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      main,
      'bench-recordings',
      '--recorder',
      folder,
      '--streams',
      `${streams}`,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const urls = JSON.parse((await lines.next()).value ?? '[]') as string[];
  const sockets = urls.map((url) => new WebSocket(url, 'audio.drachtio.org'));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const frame = Buffer.alloc(frameBytes);
  for (let index = 0; index < frameBytes; index += 2) frame.writeInt16LE(((index * 997) % 20_000) - 10_000, index);
  const began = performance.now();
  for (let sent = 0; sent < seconds * 1000; sent += frameMs) {
    const wait = began + sent - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    for (const socket of sockets) socket.send(frame);
  }
  child.stdin.write('sent\n');
  for (const socket of sockets) socket.close(1000);
  const measured = JSON.parse((await lines.next()).value ?? '{}') as Measured;
  child.stdin.end();
  await once(child, 'exit');
  return measured;
}

/** Null: no openssl here. */
function opensslBytesPerSecond(): number | null {
  const options = ['speed', '-mr', '-seconds', '2', '-bytes', '8008', '-evp', 'aes-256-gcm'];
  const { stdout } = spawnSync('openssl', options, { encoding: 'utf8' });
  const [, rate] = /^\+F:\d+:[^:]+:([\d.]+)$/m.exec(stdout ?? '') ?? [];
  return rate ? Number(rate) : null;
}

function report(streams: number, seconds: number, measured: Measured, openssl: number | null): void {
  const { cpuSeconds, lagMs, residentMb, sealedBytes, broken, gaps } = measured;
  const cipherSeconds = openssl === null ? null : sealedBytes / openssl;
  const rows: [string, string][] = [
    ['streams (stereo, real time)', `${streams} for ${seconds} s`],
    ['CPU of the recorder process', `${((100 * cpuSeconds) / seconds).toFixed(1)} % of one core`],
    [
      'event loop lag p50 / p99 / max',
      [lagMs.p50, lagMs.p99, lagMs.max].map((ms) => `${ms.toFixed(1)} ms`).join(' / '),
    ],
    ['memory', `${residentMb} MB`],
    [
      'sealed',
      `${(sealedBytes / 1e6).toFixed(1)} MB, ${(sealedBytes / 1e6 / cpuSeconds).toFixed(1)} MB per CPU second`,
    ],
    ['broken, gaps', `${broken}, ${gaps}`],
    ['openssl aes-256-gcm, 8008 bytes', openssl === null ? 'no openssl here' : `${(openssl / 1e6).toFixed(0)} MB/s`],
  ];
  if (cipherSeconds !== null) {
    rows.push(['of the CPU, the cipher itself', `${((100 * cipherSeconds) / cpuSeconds).toFixed(2)} %`]);
  }
  for (const [name, value] of rows) console.log(`${name.padEnd(34)}${value}`);
}
