import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Child } from '../../app/supervisor/child.ts';
import { isRunning, Program, root, until } from '../support/program.ts';

const polite = `
  process.on('SIGTERM', () => { console.error('drained'); process.exit(0); });
  setInterval(() => {}, 1e6);
  console.log(JSON.stringify({ ready: true, port: 7 }));`;

let folder: string;
let reports: string[];
let pids: number[];
let children: Child[];
let spawned: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartline-child-'));
  [reports, pids, children] = [[], [], []];
  spawned = () => {};
});
afterEach(async () => {
  for (const child of children) child.kill();
  await Promise.all(children.map((child) => child.stop()));
  await rm(folder, { recursive: true });
  expect(pids.filter(isRunning)).toEqual([]);
});

async function child(program: string, drainSeconds = 5): Promise<Child> {
  const module = join(folder, `part-${children.length}.mjs`);
  await writeFile(module, program);
  const made = new Child(
    { name: 'part', module, env: process.env, drainSeconds },
    { root, logs: folder, report: (line) => void reports.push(line), onSpawn: (_name, pid) => onSpawn(pid) },
  );
  children.push(made);
  return made;
}

function onSpawn(pid: number): void {
  pids.push(pid);
  spawned();
}

const log = () => readFile(join(folder, 'part.log'), 'utf8');

test('the ready line is read, everything else is logged, warnings are shown', async () => {
  const part = await child(`
    console.error('starting');
    console.log('not json');
    console.error(JSON.stringify({ level: 30, msg: 'all is well' }));
    console.error(JSON.stringify({ level: 40, msg: 'disk is nearly full' }));
    ${polite}`);
  expect(await part.start()).toEqual({ ready: true, port: 7 });
  await part.stop();
  expect(reports).toEqual(['part: disk is nearly full']);
  for (const line of ['starting', 'not json', 'all is well', 'drained']) expect(await log()).toContain(line);
});

test('a killed child is started again and says so', async () => {
  const part = await child(polite);
  await part.start();
  const again = new Promise<void>((resolve) => {
    spawned = resolve;
  });
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await again;
  await until(() => reports.length === 2, 'both reports');
  expect(reports).toEqual(['part ended (SIGKILL); starting it again in 0.25 s', 'part is up again']);
  expect(isRunning(pids[1] ?? 0)).toBe(true);
});

test('a child that cannot start is given up with its last words', async () => {
  const part = await child(`console.error('no such table'); process.exit(3);`);
  await expect(part.start()).rejects.toThrow('part did not start (exit code 3):\nno such table');
  expect(pids).toHaveLength(3);
});

test('one that does not drain is killed', async () => {
  const part = await child(`process.on('SIGTERM', () => {}); ${polite.replace(/process.*\n/, '')}`, 0.2);
  await part.start();
  await part.stop();
  expect(reports).toEqual(['part did not end within 0.2 s and was killed']);
});

test('stopping one that is still starting ends it', async () => {
  const part = await child('setInterval(() => {}, 1e6);');
  const ready = part.start();
  await part.stop();
  await expect(ready).rejects.toThrow('part was stopped');
});

test('children end by themselves when their supervisor is killed', async () => {
  const module = join(folder, 'part.mts');
  await writeFile(
    module,
    `import { openLog } from ${JSON.stringify(join(root, 'app/log.ts'))};
     const log = openLog('info', 'part');
     process.on('SIGTERM', () => { log.info('to nobody'); log.info('again'); process.exit(0); });
     setInterval(() => {}, 1e6);
     console.log(JSON.stringify({ ready: true }));`,
  );
  const supervisor = join(folder, 'supervisor.mts');
  await writeFile(
    supervisor,
    `import { Child } from ${JSON.stringify(join(root, 'app/supervisor/child.ts'))};
     const around = { root: ${JSON.stringify(root)}, logs: ${JSON.stringify(folder)}, report: () => {},
       onSpawn: (name, pid) => console.log('spawned ' + pid) };
     await new Child({ name: 'part', module: ${JSON.stringify(module)}, env: process.env, drainSeconds: 5 }, around).start();
     console.log('up');`,
  );
  const running = new Program(process.execPath, [supervisor]);
  await running.says(/up/);
  const [, pid] = await running.says(/spawned (\d+)/);
  pids.push(Number(pid));
  running.child.kill('SIGKILL');
  await running.exited;
  await until(() => !isRunning(Number(pid)), 'the child has ended');
});
