import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Program } from '../support/program.ts';
import { RawPhone } from '../support/raw-phone.ts';
import { npmStart, ready, type SystemSettings, systemSettings } from '../support/system.ts';

/* The demonstration as a newcomer starts it: 933 from a desk phone reads back callback number and location. */

let home: string;
let folder: string;
let settings: SystemSettings;
let chartline: Program;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'chartline-answering-'));
  folder = join(home, 'data');
  settings = await systemSettings(folder);
  chartline = npmStart(settings);
  await chartline.says(ready);
}, 150_000);
afterAll(async () => {
  if (chartline) process.kill(-chartline.pid, 'SIGINT');
  await chartline?.exited;
  await rm(home, { recursive: true, force: true });
});

test('933 is answered by the answering point, which speaks', async () => {
  const secrets = JSON.parse(readFileSync(join(folder, 'demo-phones.json'), 'utf8')) as Record<string, string>;
  const phone = await RawPhone.open({
    extension: '201',
    secret: secrets['201'] as string,
    registrar: { address: '127.0.0.1', port: Number(settings.CHARTLINE_SIP_PORT) },
    toneHertz: 440,
  });
  try {
    const call = await phone.dials('933');
    await call.rtp.hearsSpeech(AbortSignal.timeout(20_000));
    expect(call.over).toBe(false);
  } finally {
    await phone.close();
  }
});
