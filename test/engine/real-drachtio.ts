import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SignalingEngine } from '../../embedded/signaling/engine.ts';

/** Starts a real drachtio-server on free ports and gives it the embedded engine's face. */
export async function startRealServer(program: string, secret: string): Promise<SignalingEngine> {
  const [sipPort, adminPort] = [await freePort(), await freePort()];
  const folder = mkdtempSync(join(tmpdir(), 'drachtio-'));
  const file = join(folder, 'drachtio.conf.xml');
  writeFileSync(
    file,
    `<drachtio><admin port="${adminPort}" secret="${secret}">127.0.0.1</admin>
     <sip><contacts><contact>sip:127.0.0.1:${sipPort};transport=udp,tcp</contact></contacts></sip>
     <logging><file><name>${folder}/log</name></file><sofia-loglevel>0</sofia-loglevel><loglevel>notice</loglevel></logging></drachtio>`,
  );
  const child = spawn(program, ['-f', file], { stdio: 'ignore', cwd: folder });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await reachable(adminPort);
  await answering(sipPort);
  return {
    sipPort,
    adminPort,
    counts: () => ({ transactions: 0, dialogs: 0, pending: 0, outgoing: 0 }),
    async stop() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port that is free on UDP and TCP. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const socket = createSocket('udp4');
  const free = await new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => resolve(true));
  });
  if (free) await new Promise<void>((resolve) => socket.close(() => resolve()));
  await new Promise((resolve) => server.close(resolve));
  return free ? port : freePort();
}

/** Resolves when something accepts on the port; the server has no other way to say that it is ready. */
async function reachable(port: number): Promise<void> {
  for (const until = Date.now() + 5000; Date.now() < until; ) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`drachtio-server did not open port ${port}`);
}

/** Resolves when SIP is answered: the admin port opens earlier. */
async function answering(port: number): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const via = `SIP/2.0/UDP 127.0.0.1:${socket.address().port};rport;branch=z9hG4bK`;
  const ask = (n: number) =>
    `OPTIONS sip:127.0.0.1:${port} SIP/2.0\r\nVia: ${via}${n}\r\nFrom: <sip:a@127.0.0.1>;tag=${n}\r\nTo: <sip:b@127.0.0.1>\r\n` +
    `Call-ID: ready-${n}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;
  let n = 0;
  const again = setInterval(() => socket.send(ask(n++), port, '127.0.0.1'), 50);
  await new Promise((resolve) => socket.once('message', resolve));
  clearInterval(again);
  await new Promise<void>((resolve) => socket.close(() => resolve()));
}
