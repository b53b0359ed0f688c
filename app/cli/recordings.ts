import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { appendAudit } from '../../db/audit.ts';
import { openPool, type Pool } from '../../db/db.ts';
import {
  disclosuresOf,
  listRecordings,
  type RecordingRow,
  recordingsByPrefix,
  setLegalHold,
} from '../../db/recordings.ts';
import { ReaderClient } from '../../recordings/reader-client.ts';
import { destroyExpired, destroyRecording } from '../../recordings/retention.ts';
import { verifyRecordings } from '../../recordings/verify.ts';
import { type Config, loadConfig } from '../config.ts';
import { databaseUrl } from '../database-url.ts';

const usage = `npm run recordings -- list [--limit 50]
  play <call> [--reason why]                 through a player on this machine
  export <call> --out file.wav --reason why  the file says inside who and why
  verify [--open] [--days 7]                 rows, keys and files against each other; --open decrypts each
  hold <call> --reason why                   keeps it whatever the retention rule says
  release <call> --reason why
  destroy <call> --reason why                key and bytes, with a certificate
  disclosures <patient id>                   who heard or took away that patient's calls, and why
  retention                                  destroys what its rule no longer keeps
  rotate-keys --reason why                   a new key pair; only the small key messages are rewritten
A call or recording is named by its id or the beginning of it.`;

type Work = {
  readonly pool: Pool;
  readonly reader: ReaderClient;
  readonly folder: string;
  readonly actor: string;
  /** Call or recording id, or its beginning; '' when none was given. */
  readonly named: string;
  readonly reason: string | undefined;
  readonly options: { readonly out?: string; readonly limit: number; readonly days: number; readonly open: boolean };
};

const commands: Readonly<Record<string, (work: Work) => Promise<number>>> = {
  list,
  play,
  export: exportWav,
  verify,
  hold: (work) => setHold(work, true),
  release: (work) => setHold(work, false),
  destroy,
  disclosures,
  retention,
  'rotate-keys': rotate,
};

/** `npm run recordings -- …` */
export async function run(args: string[]): Promise<number> {
  const parsed = parse(args);
  const command = parsed && Object.hasOwn(commands, parsed.command) ? commands[parsed.command] : undefined;
  if (!parsed || !command) {
    console.error(usage);
    return 2;
  }
  let pool: Pool | null = null;
  try {
    const config: Config = loadConfig(process.env);
    pool = openPool(await databaseUrl(config), { max: 2, onError: () => {} });
    const reader = new ReaderClient({ dataFolder: config.CHARTLINE_DATA, port: config.CHARTLINE_READER_PORT });
    const folder = join(config.CHARTLINE_DATA, 'recordings');
    return await command({ ...parsed.work, pool, reader, folder, actor: `cli:${userInfo().username}` });
  } catch (error) {
    const { message, cause } = error as Error;
    const because = message === 'fetch failed' ? 'the recordings reader is not running' : message;
    console.error(`chartline: ${because || (cause ?? (error as NodeJS.ErrnoException).code)}`);
    return 1;
  } finally {
    await pool?.end();
  }
}

function parse(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        reason: { type: 'string' },
        limit: { type: 'string', default: '50' },
        days: { type: 'string', default: '7' },
        open: { type: 'boolean', default: false },
      },
    });
    const [command = '', named = ''] = positionals;
    const { out, reason, limit, days, open } = values;
    const options = { ...(out ? { out } : {}), limit: Number(limit) || 50, days: Number(days) || 7, open };
    return { command, work: { named, reason, options } };
  } catch (error) {
    console.error((error as Error).message);
    return null;
  }
}

async function list({ pool, options }: Work): Promise<number> {
  for (const row of await listRecordings(pool, options.limit)) console.log(describe(row));
  return 0;
}

function describe(row: RecordingRow): string {
  const seconds = row.durationMs === null ? '-' : `${(row.durationMs / 1000).toFixed(1)} s`;
  const notes = [
    row.because,
    row.gaps.length > 0 && `${row.gaps.length} gaps`,
    row.legalHold && `held: ${row.legalHold}`,
  ].filter(Boolean);
  return [row.startedAt.toISOString(), `call ${row.callId}`, row.state.padEnd(9), seconds.padStart(9), ...notes].join(
    '  ',
  );
}

async function play(work: Work): Promise<number> {
  const reason = work.reason ?? 'played at the command line';
  return eachOf(work, async (row) => {
    const opened = await work.reader.open(row.id, { actor: work.actor, action: 'listen', reason });
    if (opened.kind === 'refused') return refuse(row, opened.detail);
    const { body } = await work.reader.audio(opened.url);
    if (!body) return refuse(row, 'the reader sent nothing');
    if (await playThrough(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]))) return 0;
    console.error('chartline: no player found (ffplay, aplay, paplay, afplay); use export');
    return 1;
  });
}

/** Plays a WAV stream through the first player that is installed; nothing is written to disk. */
async function playThrough(wav: Readable): Promise<boolean> {
  for (const [program, ...args] of [
    ['ffplay', '-nodisp', '-autoexit', '-loglevel', 'error', '-'],
    ['aplay', '-q', '-'],
    ['paplay', '--file-format=wav', '/dev/stdin'],
  ] as const) {
    const player = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] });
    const started = await new Promise<boolean>((resolve) => {
      player.once('spawn', () => resolve(true));
      player.once('error', () => resolve(false));
    });
    if (!started) continue;
    const ended = new Promise<void>((resolve) => player.once('exit', () => resolve()));
    await pipeline(wav, player.stdin).catch(() => {});
    await ended;
    return true;
  }
  wav.destroy();
  return false;
}

async function exportWav(work: Work): Promise<number> {
  const { reason, options } = work;
  if (!reason || !options.out) {
    console.error('chartline: export needs --out file.wav and --reason why');
    return 2;
  }
  const out = options.out;
  return eachOf(work, async (row, index) => {
    const opened = await work.reader.open(row.id, { actor: work.actor, action: 'export', reason });
    if (opened.kind === 'refused') return refuse(row, opened.detail);
    const { body } = await work.reader.audio(opened.url);
    if (!body) return refuse(row, 'the reader sent nothing');
    const path = index === 0 ? out : out.replace(/(\.[^.]*)?$/, `-${index + 1}$1`);
    const wav = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(wav, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    console.log(`${path}: ${(opened.durationMs / 1000).toFixed(1)} s of call ${row.callId}, not encrypted any more`);
    return 0;
  });
}

async function verify({ pool, folder, options, reader, actor }: Work): Promise<number> {
  const now = new Date();
  const since = new Date(now.getTime() - options.days * 86_400_000);
  const open = (id: string) => reader.check(id, { actor, reason: 'verify' });
  const report = await verifyRecordings(pool, folder, { since, now, ...(options.open ? { open } : {}) });
  for (const { kind, subject, detail } of report.faults) console.log(`${kind}: ${subject}: ${detail}`);
  console.log(`${report.checked} recordings checked, ${report.faults.length} faults`);
  return report.faults.length === 0 ? 0 : 1;
}

async function destroy(work: Work): Promise<number> {
  const { reason } = work;
  if (!reason) return needsReason('destroy');
  return eachOf(work, async (row) => {
    const { pool, folder, actor } = work;
    const result = await destroyRecording(pool, folder, { recordingId: row.id, actor, reason });
    if (result.kind !== 'destroyed')
      return refuse(row, result.kind === 'held' ? `held: ${result.because}` : result.kind);
    console.log(`${row.id}: destroyed; backups of the database hold its key until they expire`);
    return 0;
  });
}

async function setHold(work: Work, hold: boolean): Promise<number> {
  const { reason, pool, actor } = work;
  if (!reason) return needsReason(hold ? 'hold' : 'release');
  return eachOf(work, async (row) => {
    const action = hold ? 'recording.hold' : 'recording.release';
    await appendAudit(pool, { actor, action, subject: `recording:${row.id}`, detail: { call: row.callId, reason } });
    if (!(await setLegalHold(pool, row.id, hold ? reason : null))) return refuse(row, 'destroyed');
    console.log(`${row.id}: ${hold ? 'held' : 'no longer held'}`);
    return 0;
  });
}

async function disclosures({ pool, actor, named }: Work): Promise<number> {
  if (!named) {
    console.error('chartline: disclosures needs a patient id');
    return 2;
  }
  await appendAudit(pool, { actor, action: 'recording.disclosures', subject: `patient:${named}` });
  for (const { at, actor: who, action, reason, callId } of await disclosuresOf(pool, named)) {
    console.log([at.toISOString(), who, action, `call ${callId}`, reason].join('  '));
  }
  return 0;
}

async function retention({ pool, folder }: Work): Promise<number> {
  console.log(`${await destroyExpired(pool, folder, new Date())} recordings destroyed by their retention rule`);
  return 0;
}

async function rotate({ reader, actor, reason }: Work): Promise<number> {
  if (!reason) return needsReason('rotate-keys');
  const result = await reader.rotateKeys({ actor, reason });
  if (result.kind === 'refused') {
    console.error(`chartline: ${result.detail}`);
    return 1;
  }
  console.log(`new key pair; ${result.resealed} recordings sealed to it, their audio untouched`);
  return 0;
}

/** Does it to each recording of the call or recording named; the worst exit code of all. */
async function eachOf(work: Work, each: (row: RecordingRow, index: number) => Promise<number>): Promise<number> {
  const rows = /^[0-9a-f-]{4,36}$/.test(work.named) ? await recordingsByPrefix(work.pool, work.named) : [];
  const calls = new Set(rows.map((row) => row.callId));
  if (rows.length === 0 || calls.size > 1) {
    console.error(`chartline: '${work.named}' names ${calls.size === 0 ? 'no recorded call' : `${calls.size} calls`}`);
    return 1;
  }
  let worst = 0;
  for (const [index, row] of rows.entries()) worst = Math.max(worst, await each(row, index));
  return worst;
}

function refuse(row: RecordingRow, because: string): number {
  console.error(`chartline: recording ${row.id}: ${because}`);
  return 1;
}

function needsReason(command: string): number {
  console.error(`chartline: ${command} needs --reason why`);
  return 2;
}
