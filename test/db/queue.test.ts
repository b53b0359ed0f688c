import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openPool, type Pool } from '../../db/db.ts';
import {
  answeredFromQueue,
  endTalk,
  enterQueue,
  giveBack,
  leaveQueue,
  queueLoads,
  renewLeases,
  takeTurn,
} from '../../db/queue.ts';
import type { TeamStrategy } from '../../routing/rows.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let pool: Pool;
const here = { node: 'a', leaseSeconds: 30 };
const there = { node: 'b', leaseSeconds: 30 };
const agentCount = 50;

beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url, { onError: () => {} });
  await pool.query(`insert into extension (number, display_name, ha1_md5, ha1_sha256, realm)
    select n::text, n::text, repeat('0', 32), repeat('0', 64), 'chartline' from generate_series(1000, 1049) n`);
  await pool.query(`insert into team (name, title) values ('race', 'Race'), ('other', 'Other')`);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(async () => {
  await pool.query('delete from queue_entry');
  await pool.query('delete from queue_agent');
});

const free = (...extensions: number[]) => extensions.map((extension) => ({ extension: String(extension), tier: 0 }));
async function enter(options: { urgent?: boolean; team?: string; holder?: typeof here; callId?: string } = {}) {
  const { urgent = false, team = 'race', holder = here, callId = randomUUID() } = options;
  await enterQueue(pool, { callId, team, urgent }, holder);
  return callId;
}
const turn = (callId: string, candidates = free(1000), strategy: TeamStrategy = 'longest-idle', holder = here) =>
  takeTurn(pool, callId, candidates, strategy, holder);

describe('whose turn it is', () => {
  test('first come, first served; an urgent call before all', async () => {
    const [first, second] = [await enter(), await enter()];
    const urgent = await enter({ urgent: true });
    expect(await turn(second)).toEqual({ position: 3, extensions: [] });
    expect(await turn(first)).toEqual({ position: 2, extensions: [] });
    expect(await turn(urgent)).toEqual({ position: 1, extensions: ['1000'] });
    expect(await turn(first)).toEqual({ position: 1, extensions: [] });
  });

  test('two free phones: the second caller need not wait for the first one’s node', async () => {
    await enter({ holder: there });
    const second = await enter();
    expect(await turn(second, free(1000))).toEqual({ position: 2, extensions: [] });
    expect(await turn(second, free(1000, 1001))).toEqual({ position: 2, extensions: ['1000'] });
  });

  test('a call that is offered, or has left, takes no second turn', async () => {
    const callId = await enter();
    await turn(callId);
    expect(await turn(callId, free(1001))).toBeNull();
    await leaveQueue(pool, callId, 'abandoned');
    expect(await turn(callId, free(1001))).toBeNull();
    expect(await turn(await enter())).toEqual({ position: 1, extensions: ['1000'] });
  });

  test('a phone that did not answer rests, and the caller keeps the place', async () => {
    const [first, second] = [await enter(), await enter()];
    await turn(first);
    await giveBack(pool, first, 60);
    expect(await turn(second, free(1000, 1001))).toEqual({ position: 2, extensions: [] });
    expect(await turn(first, free(1000, 1001))).toEqual({ position: 1, extensions: ['1001'] });
  });

  test('moving on to another team keeps the time of entry', async () => {
    const early = await enter({ team: 'other' });
    const late = await enter();
    await leaveQueue(pool, early, 'overflow');
    await enter({ callId: early });
    expect(await turn(late)).toEqual({ position: 2, extensions: [] });
    expect(await turn(early)).toEqual({ position: 1, extensions: ['1000'] });
  });
});

describe('which phone rings', () => {
  test('the one that has rested longest; who never had a call first', async () => {
    for (const extension of [1001, 1000]) {
      const callId = await enter();
      await turn(callId, free(extension));
      await answeredFromQueue(pool, callId, String(extension));
      await endTalk(pool, callId);
    }
    expect((await turn(await enter(), free(1000, 1001)))?.extensions).toEqual(['1001']);
    expect((await turn(await enter(), free(1000, 1002)))?.extensions).toEqual(['1002']);
  });

  test('a lower tier before a longer rest', async () => {
    const candidates = [
      { extension: '1000', tier: 1 },
      { extension: '1001', tier: 0 },
    ];
    expect((await turn(await enter(), candidates))?.extensions).toEqual(['1001']);
  });

  test('ring-all takes every free phone for the next call only; the answer frees the others', async () => {
    const [first, second] = [await enter(), await enter()];
    const all = free(1000, 1001, 1002);
    expect((await turn(second, all, 'ring-all'))?.extensions).toEqual([]);
    expect((await turn(first, all, 'ring-all'))?.extensions).toEqual(['1000', '1001', '1002']);
    await answeredFromQueue(pool, first, '1001');
    expect((await turn(second, all, 'ring-all'))?.extensions).toEqual(['1000', '1002']);
  });

  test('after the talk a wrap-up keeps the phone to itself', async () => {
    await pool.query(`update team set wrap_up_seconds = 60 where name = 'race'`);
    const callId = await enter();
    await turn(callId);
    await answeredFromQueue(pool, callId, '1000');
    await endTalk(pool, callId);
    expect((await turn(await enter()))?.extensions).toEqual([]);
    await pool.query(`update team set wrap_up_seconds = 0 where name = 'race'`);
  });
});

describe('a node that dies', () => {
  test('its caller no longer counts and its phones are free once the lease has passed', async () => {
    const dying = { node: 'dying', leaseSeconds: 0.2 };
    const rings = await enter({ holder: dying });
    await turn(rings, free(1000), 'longest-idle', dying);
    await enter({ holder: dying });
    const survivor = await enter();
    expect(await turn(survivor)).toEqual({ position: 2, extensions: [] });
    await expirationOf(rings);
    expect(await turn(survivor)).toEqual({ position: 1, extensions: ['1000'] });
  });

  test('a node that renews keeps what it has', async () => {
    const slow = { node: 'slow', leaseSeconds: 0.2 };
    const callId = await enter({ holder: slow });
    await renewLeases(pool, [callId], 60);
    await delay(250);
    expect(await turn(await enter())).toEqual({ position: 2, extensions: [] });
    expect((await turn(callId))?.position).toBe(1);
  });
});

async function expirationOf(callId: string): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      'select lease_until < clock_timestamp() as over from queue_entry where call_id = $1',
      [callId],
    );
    if (rows[0].over) return;
    await delay(20);
  }
}

test('the load of each queue', async () => {
  await enter();
  await enter();
  const answered = await enter({ team: 'other' });
  await turn(answered);
  await answeredFromQueue(pool, answered, '1000');
  expect(await queueLoads(pool)).toEqual([
    { team: 'other', waiting: 0, longestWaitSeconds: 0, secondsBetweenAnswers: null },
    { team: 'race', waiting: 2, longestWaitSeconds: expect.any(Number), secondsBetweenAnswers: null },
  ]);
});

type Talk = { readonly callId: string; readonly extension: string; readonly begin: number; readonly end: number };
function node(name: string, calls: number, first: number) {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      'test/support/queue-worker.ts',
      database.url,
      name,
      String(calls),
      String(agentCount),
      String(first),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } },
  );
  const talks: Talk[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => talks.push(JSON.parse(line)));
  return { child, talks, ended: once(child, 'close') };
}

test('1 000 callers, 50 agents, two nodes: each caller is answered once, and no agent has two calls at a time', async () => {
  const nodes = [node('a', 500, 0), node('b', 500, 500)];
  expect(await Promise.all(nodes.map(({ ended }) => ended))).toEqual([
    [0, null],
    [0, null],
  ]);
  const talks = nodes.flatMap((each) => each.talks);
  expect(new Set(talks.map((talk) => talk.callId)).size).toBe(1000);
  expect(talks).toHaveLength(1000);
  for (const own of Map.groupBy(talks, (talk) => talk.extension).values()) {
    const inOrder = own.toSorted((a, b) => a.begin - b.begin);
    const overlaps = inOrder.filter((talk, i) => i > 0 && talk.begin < (inOrder[i - 1]?.end ?? 0));
    expect(overlaps).toEqual([]);
  }
  const { rows } = await pool.query(`select outcome, count(*)::int as calls from queue_entry group by 1`);
  expect(rows).toEqual([{ outcome: 'answered', calls: 1000 }]);
});

test('one of two nodes is killed: the other answers all of its own callers, with every agent', async () => {
  const [dying, survivor] = [node('a', 500, 0), node('b', 200, 500)];
  await once(dying.child.stdout, 'data');
  dying.child.kill('SIGKILL');
  await Promise.all([dying.ended, survivor.ended]);
  expect(new Set(survivor.talks.map((talk) => talk.callId)).size).toBe(200);
});
