import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { Process } from './process.ts';

/*
 * The signaling and media servers of a test, on free loopback ports: the embedded engine, or the real ones when
 * `npm run test:production` names their programs (CHARTLINE_TEST_DRACHTIO, CHARTLINE_TEST_FREESWITCH), started with the
 * configuration of docker/.
 */

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const onRealServers = Boolean(process.env.CHARTLINE_TEST_DRACHTIO && process.env.CHARTLINE_TEST_FREESWITCH);

export type Servers = {
  /** Settings (app/config.ts) that point the app at them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where trunks and phones send their SIP. */
  readonly sip: { readonly address: string; readonly port: number };
  /** What they have printed, for a failed test's message. */
  output(): string;
  stop(): Promise<void>;
};

/** Real servers when they are named, else the embedded engine. Rejects with their output when they do not come up. */
export function startServers(): Promise<Servers> {
  return onRealServers ? startRealServers() : startEngine();
}

/** Settings of the embedded engine on free ports, for whoever starts it. */
export async function engineSettings(): Promise<Record<string, string>> {
  const [sip, drachtio, freeswitch, mediaSip] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const rtp = await rtpRange();
  return {
    CHARTLINE_SIP_PORT: String(sip),
    DRACHTIO_PORT: String(drachtio),
    FREESWITCH_PORT: String(freeswitch),
    EMBEDDED_MEDIA_SIP_PORT: String(mediaSip),
    EMBEDDED_RTP_MIN: String(rtp.min),
    EMBEDDED_RTP_MAX: String(rtp.max),
  };
}

async function startEngine(): Promise<Servers> {
  const secrets = { DRACHTIO_SECRET: 'test-drachtio', FREESWITCH_SECRET: 'test-freeswitch' };
  const settings = await engineSettings();
  const env = { ...settings, ...secrets };
  const engine = new Process('engine', process.execPath, ['embedded/engine.ts'], {
    cwd: root,
    env: { ...process.env, ...env },
  });
  await engine.prints(/"ready":\s*true/, 15_000).catch(async (error) => {
    await engine.stop();
    throw error;
  });
  return {
    settings: { ...env, DRACHTIO_HOST: '127.0.0.1', FREESWITCH_HOST: '127.0.0.1' },
    sip: { address: '127.0.0.1', port: Number(settings.CHARTLINE_SIP_PORT) },
    output: () => engine.output,
    stop: async () => {
      await engine.stop();
    },
  };
}

export async function startRealServers(): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), 'chartline-servers-'));
  const [sip, drachtioAdmin, esl, mediaSip] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const secrets = { DRACHTIO_SECRET: 'test-drachtio', FREESWITCH_SECRET: 'test-freeswitch' };
  const rtp = await rtpRange();
  const drachtio = new Process(
    'drachtio',
    process.env.CHARTLINE_TEST_DRACHTIO ?? 'drachtio',
    ['-f', join(root, 'docker/drachtio/drachtio.conf.xml'), '-c', `sip:127.0.0.1:${sip};transport=udp,tcp`],
    { cwd: folder, env: { ...process.env, ...secrets, DRACHTIO_ADMIN_TCP_PORT: String(drachtioAdmin) } },
  );
  const program = process.env.CHARTLINE_TEST_FREESWITCH ?? 'freeswitch';
  const freeswitch = new Process('freeswitch', program, await freeswitchArguments(folder), {
    cwd: folder,
    env: {
      ...process.env,
      ...secrets,
      FREESWITCH_PORT: String(esl),
      FREESWITCH_SIP_PORT: String(mediaSip),
      FREESWITCH_RTP_MIN: String(rtp.min),
      FREESWITCH_RTP_MAX: String(rtp.max),
    },
  });
  const stop = async () => {
    await Promise.all([drachtio.stop(), freeswitch.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all([accepts(drachtioAdmin, drachtio), accepts(esl, freeswitch)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    settings: {
      ...secrets,
      DRACHTIO_HOST: '127.0.0.1',
      DRACHTIO_PORT: String(drachtioAdmin),
      FREESWITCH_HOST: '127.0.0.1',
      FREESWITCH_PORT: String(esl),
    },
    sip: { address: '127.0.0.1', port: sip },
    output: () => `${drachtio.output}\n${freeswitch.output}`,
    stop,
  };
}

async function freeswitchArguments(folder: string): Promise<string[]> {
  const args = ['-nonat', '-nf', '-nc', '-conf', join(root, 'docker/freeswitch')];
  for (const name of ['log', 'db', 'run', 'temp']) {
    await mkdir(join(folder, name));
    args.push(`-${name}`, join(folder, name));
  }
  // A build outside its prefix: its modules are named, or beside the program.
  const modules = process.env.CHARTLINE_TEST_FREESWITCH_MODULES;
  return modules ? [...args, '-mod', modules] : args;
}

/** Resolves when the port takes connections; rejects when its program ends or 20 s pass. */
async function accepts(port: number, program: Process): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    if (await connects(port)) return;
    if (program.status !== null || performance.now() > deadline)
      throw new Error(`${program.name} did not come up:\n${program.output}`);
    await delay(50);
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

let nextRange = 0;

/** A range of RTP ports that no other test process of this machine is likely to use at the same time. */
async function rtpRange(): Promise<{ min: number; max: number }> {
  const slot = (process.pid + 37 * nextRange++) % 60;
  return { min: 24_000 + slot * 250, max: 24_000 + slot * 250 + 248 };
}
