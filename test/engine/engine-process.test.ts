import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { AdminSocket } from './signaling-support.ts';

/* `embedded/engine.ts` as a process: what the supervisor and a person at the terminal see. Its signaling half only. */

const program = fileURLToPath(new URL('../../embedded/engine.ts', import.meta.url));

function start(settings: Record<string, string>) {
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH ?? '', CHARTLINE_LOG_LEVEL: 'silent', FREESWITCH_HOST: '127.0.0.1', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let errors = '';
  const ready = new Promise<string>((resolve) => {
    child.stdout.on('data', (data) => {
      out += data;
      if (out.includes('\n')) resolve(out);
    });
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const exit = once(child, 'close').then(([code]) => ({ code, out, errors }));
  return { child, ready, exit };
}

test('says its ports in one JSON line, serves, and ends on SIGTERM', async () => {
  const { child, ready, exit } = start({ CHARTLINE_SIP_PORT: '0', DRACHTIO_PORT: '0', DRACHTIO_SECRET: 'other' });
  const line = JSON.parse(await ready) as { ready: boolean; sipPort: number; adminPort: number };
  expect(line.ready).toBe(true);
  const admin = await AdminSocket.open(line);
  expect(await admin.ask('a', 'authenticate|other|')).toContain(`udp/127.0.0.1:${line.sipPort}`);
  child.kill('SIGTERM');
  await admin.closed;
  expect(await exit).toMatchObject({ code: 0, errors: '' });
});

test.each(['CHARTLINE_SIP_PORT', 'DRACHTIO_PORT'])(
  'a taken %s is one line that names it, and exit code 1',
  async (setting) => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    const { exit } = start({ CHARTLINE_SIP_PORT: '0', DRACHTIO_PORT: '0', [setting]: String(port) });
    const { code, out, errors } = await exit;
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(errors).toBe(
      `port ${port} (${setting}) on 127.0.0.1 is taken by another program: stop it or set another port\n`,
    );
    await new Promise((resolve) => holder.close(resolve));
  },
);
