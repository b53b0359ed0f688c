import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openPool } from '../../db/db.ts';
import { ha1s } from '../../sip/digest.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { root } from '../support/program.ts';

let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  [database, folder] = [await freshDatabase(), await mkdtemp(join(tmpdir(), 'chartline-commands-'))];
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

/** Runs `npm run <name>` as its script does. */
async function command(args: readonly string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
  const env = { PATH: process.env.PATH, CHARTLINE_DATA: folder, DATABASE_URL: database.url, ...options.env };
  const child = spawn(process.execPath, ['app/cli/run.mjs', ...args], { cwd: root, env });
  child.stdin.end(options.input ?? '');
  const [output, errors, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { output, errors, status: status as number };
}

async function query(sql: string): Promise<unknown[]> {
  const pool = openPool(database.url, { max: 1, onError: () => {} });
  try {
    return (await pool.query(sql)).rows;
  } finally {
    await pool.end();
  }
}

test('an unknown command names those there are', async () => {
  const { errors, status } = await command(['strat']);
  expect(status).toBe(2);
  expect(errors).toMatch(/no command 'strat'\. Commands: .*start/);
});

test('settings lists every setting with its default', async () => {
  const { output, status } = await command(['settings']);
  expect(status).toBe(0);
  expect(output).toMatch(/`CHARTLINE_SIP_PORT` *\| *`5060`/);
});

test('extension makes an extension whose secret answers the digest, then changes it', async () => {
  const made = await command(['extension', 'set', '240', 'Front', 'door']);
  const secret = /extension 240 made: (\w{16})\n/.exec(made.output)?.[1] ?? '';
  const stored = 'select display_name, ha1_md5, ha1_sha256 from extension';
  const row = (secret: string) => {
    const { MD5, 'SHA-256': sha256 } = ha1s('240', 'chartline', secret);
    return { display_name: 'Front door', ha1_md5: MD5, ha1_sha256: sha256 };
  };
  expect(await query(stored)).toEqual([row(secret)]);

  const changed = await command(['extension', 'set', '240']);
  const next = /extension 240 has a new secret: (\w{16})\n/.exec(changed.output)?.[1] ?? '';
  expect(next).not.toBe(secret);
  expect(await query(stored)).toEqual([row(next)]);
  expect((await command(['extension', 'list'])).output).toBe('240     Front door\n');
});

test('extension refuses what is no extension, by the rule that says why', async () => {
  const refused = await command(['extension', 'set', 'door']);
  expect(refused.status).toBe(1);
  expect(refused.errors).toContain('number_of_2_to_6_digits');
});

test('sql answers statements, describes tables, and explains what it refuses', async () => {
  const input = `select 1 as one,\n null as nothing;\n\\d line\ninsert into line (number, name, time_zone)\n values ('202', 'x', 'UTC');\n`;
  const { output, errors, status } = await command(['sql'], { input });
  expect(output).toContain('one | nothing\n----+--------\n1   |\n(1 row)\n');
  expect(output).toContain('A number that callers dial (DID, DNIS), in E.164.');
  expect(errors).toContain('rule: number_in_full_like_+12025550100');
  expect(status).toBe(1);
  expect((await command(['sql', 'select 2 as two'])).output).toBe('two\n---\n2\n(1 row)\n');
});

test('doctor finds secrets as shipped, a missing emergency trunk, an open console; and an emergency trunk when there is one', async () => {
  const env = { DRACHTIO_HOST: 'sip.example', DRACHTIO_SECRET: 'cymru', CHARTLINE_HTTP_HOST: '0.0.0.0' };
  const sick = await command(['doctor'], { env });
  expect(sick.status).toBe(1);
  for (const found of [
    /BAD .*DRACHTIO_SECRET is the one/,
    /BAD .*no trunk takes emergency calls/,
    /BAD .*CHARTLINE_HTTP_HOST/,
  ])
    expect(sick.output).toMatch(found);

  await query(
    "insert into trunk (name, source, emergency, outbound_uri) values ('carrier', '{203.0.113.0/28}', true, 'sip:carrier.example')",
  );
  const better = await command(['doctor']);
  expect(better.output).toMatch(/ok .*emergency calls have a trunk/);
  expect(better.output).toMatch(/ok .*database's clock agrees/);
});
