import { setTimeout as delay } from 'node:timers/promises';
import { openPool } from '../../db/db.ts';
import {
  answeredFromQueue,
  type Candidate,
  endTalk,
  enterQueue,
  giveBack,
  type Holder,
  renewLeases,
  takeTurn,
} from '../../db/queue.ts';

/*
 * One app node of a race, as a process of its own: `node queue-worker.ts <url> <node> <calls> <agents>`. Prints a line of
 * JSON for each talk, with its begin and end by the database's clock, which both nodes share.
 */
const [url = '', node = '', calls = '0', agents = '0', first = '0'] = process.argv.slice(2);
const holder: Holder = { node, leaseSeconds: 2 };
const pool = openPool(url, { max: 8, onError: () => {} });
const candidates: Candidate[] = Array.from({ length: Number(agents) }, (_, i) => ({
  extension: String(1000 + i),
  tier: 0,
}));

const clock = async () =>
  Number((await pool.query('select extract(epoch from clock_timestamp()) * 1000 as ms')).rows[0].ms);

const held = new Set<string>();

async function call(index: number): Promise<void> {
  const callId = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  held.add(callId);
  await enterQueue(pool, { callId, team: 'race', urgent: index % 20 === 0 }, holder);
  for (;;) {
    const turn = await takeTurn(pool, callId, candidates, 'longest-idle', holder);
    const [extension] = turn?.extensions ?? [];
    if (extension === undefined) {
      await delay(Math.min(300, 5 * (turn?.position ?? 1)));
      continue;
    }
    // Every tenth ring dies with its phone: the caller must not be lost.
    if (index % 10 === 0 && Math.random() < 0.5) {
      await giveBack(pool, callId, 0);
      continue;
    }
    await answeredFromQueue(pool, callId, extension);
    const begin = await clock();
    await delay(5);
    const end = await clock();
    await endTalk(pool, callId);
    held.delete(callId);
    process.stdout.write(`${JSON.stringify({ callId, extension, begin, end })}\n`);
    return;
  }
}

const alive = setInterval(() => void renewLeases(pool, [...held], holder.leaseSeconds), 500);
await Promise.all(Array.from({ length: Number(calls) }, (_, i) => call(Number(first) + i)));
clearInterval(alive);
await pool.end();
