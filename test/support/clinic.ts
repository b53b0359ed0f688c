import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DemoSecrets, demoSecrets, prepareDatabase } from '../../app/supervisor/demo-seed.ts';
import type { ProcessIdentity } from '../../app/supervisor/process-identity.ts';
import { openPool, type Pool } from '../../db/db.ts';
import { demoClinic } from '../../embedded/demo.ts';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { startPostgres } from '../../embedded/postgres/start.ts';
import { ReaderClient } from '../../recordings/reader-client.ts';
import { type DeskPhone, type DeskPhoneOptions, startDeskPhone } from './baresip.ts';
import { CuttableDatabase } from './cuttable.ts';
import { channelsOpen } from './esl.ts';
import { freePort } from './free-port.ts';
import { lastingPorts } from './free-ports.ts';
import { freshDatabase, type TestDatabase } from './postgres.ts';
import { Process } from './process.ts';
import { Screen } from './screen.ts';
import { engineSettings, onRealServers, root, type Servers, startRealServers } from './servers.ts';
import { placeTrunkCall, type TrunkCall, type TrunkCallOptions } from './sipp.ts';
import { until } from './until.ts';

/*
 * A whole clinic as `npm start` runs it, on free ports and a data folder of its own: the supervisor with engine (or
 * the real servers), demonstration EHR, reader and app; only Postgres is the test run's. A test file starts one in
 * beforeAll, calls `checkIdle` in afterEach and `stop` in afterAll.
 */

export type ClinicOptions = {
  /** Settings on top (app/config.ts). */
  readonly settings?: Readonly<Record<string, string>>;
  /** One word for each prompt and a menu of one second: for tests of what comes after. */
  readonly brief?: boolean;
  /** Do not wait until the phone index is filled: the EHR is away. */
  readonly withoutEhr?: boolean;
  /** Its own embedded Postgres, which the test may kill, in place of the test run's. */
  readonly ownPostgres?: boolean;
  /** The parts reach the database through `clinic.way`, which the test may cut. */
  readonly cuttable?: boolean;
};

export async function startClinic(options: ClinicOptions = {}): Promise<Clinic> {
  const folder = await mkdtemp(join(tmpdir(), 'chartline-clinic-'));
  const own = options.ownPostgres ? await ownPostgres(folder) : null;
  const database = own ?? (await freshDatabase());
  let servers: Servers | null = null;
  let supervisor: Process | null = null;
  try {
    const secrets = demoSecrets(folder);
    await prepareDatabase(database.url, secrets);
    if (options.brief) await shorten(database.url);
    await own?.leave();
    const way = options.cuttable ? await CuttableDatabase.to(database.url) : null;
    servers = onRealServers ? await startRealServers() : null;
    const settings = await clinicSettings(folder, database, servers);
    Object.assign(settings, own?.settings, way && { DATABASE_URL: way.url }, options.settings);
    const env = { ...process.env, ...settings };
    supervisor = new Process(
      'chartline',
      process.execPath,
      ['--import', './app/supervisor/leash.ts', '--disable-warning=ExperimentalWarning', 'app/cli/main.ts', 'start'],
      // The channel ends the clinic with the test run, however that ends.
      { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    );
    await supervisor.prints(/Chartline is ready/, 60_000);
    const clinic = new Clinic({
      folder,
      database,
      servers,
      supervisor,
      settings,
      secrets,
      way,
    });
    if (!options.withoutEhr) await clinic.knowsItsPatients();
    return clinic;
  } catch (error) {
    const logs = await logsOf(folder);
    await supervisor?.stop(20_000);
    await servers?.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${logs}`, { cause: error });
  }
}

/** A cluster in the clinic's data folder, up until `leave` so that it can be prepared; the supervisor starts it again. */
async function ownPostgres(folder: string) {
  const [port = 0] = await lastingPorts(1);
  const server = await startPostgres({ dataDir: folder, port, log: () => {} });
  return {
    url: server.url,
    settings: { DATABASE_URL: '', EMBEDDED_POSTGRES_PORT: String(port) },
    leave: () => server.stop(),
    drop: () => server.stop(),
  };
}

async function shorten(databaseUrl: string): Promise<void> {
  const pool = openPool(databaseUrl, { max: 1, connectTimeoutMs: 30_000, onError: () => {} });
  await pool.query(`update prompt set text = 'Hello.'`);
  await pool.query('update ivr_menu set timeout_ms = 1000, tries = 1');
  await pool.end();
}

async function clinicSettings(
  folder: string,
  database: TestDatabase,
  servers: Servers | null,
): Promise<Record<string, string>> {
  const engine = await engineSettings();
  const [http, esl, ehr, fork, reader] = await Promise.all(Array.from({ length: 5 }, () => freePort()));
  return {
    ...engine,
    DRACHTIO_SECRET: 'test-drachtio',
    FREESWITCH_SECRET: 'test-freeswitch',
    CHARTLINE_DATA: folder,
    DATABASE_URL: database.url,
    CHARTLINE_HTTP_PORT: String(http),
    CHARTLINE_ESL_PORT: String(esl),
    EMBEDDED_EHR_PORT: String(ehr),
    CHARTLINE_FORK_PORT: String(fork),
    CHARTLINE_READER_PORT: String(reader),
    CHARTLINE_RING_SECONDS: '4',
    CHARTLINE_DRAIN_SECONDS: '2',
    ...servers?.settings,
    ...(servers ? { CHARTLINE_SIP_PORT: String(servers.sip.port) } : {}),
  };
}

type Parts = {
  folder: string;
  database: TestDatabase;
  servers: Servers | null;
  supervisor: Process;
  settings: Readonly<Record<string, string>>;
  secrets: DemoSecrets;
  way: CuttableDatabase | null;
};

/** A call as Postgres has it afterwards. */
export type CallRecord = Readonly<Record<string, unknown>> & { readonly id: string };

export class Clinic {
  readonly settings: Readonly<Record<string, string>>;
  readonly secrets: DemoSecrets;
  readonly db: Pool;
  readonly #parts: Parts;
  readonly #phones: DeskPhone[] = [];
  readonly #calls: TrunkCall[] = [];
  readonly #screens: Screen[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.settings = parts.settings;
    this.secrets = parts.secrets;
    this.db = openPool(parts.database.url, { max: 2, connectTimeoutMs: 10_000, onError: () => {} });
  }

  get sip(): { address: string; port: number } {
    return { address: '127.0.0.1', port: Number(this.settings.CHARTLINE_SIP_PORT) };
  }
  /** Only with the option `cuttable`. */
  get way(): CuttableDatabase {
    if (!this.#parts.way) throw new Error('this clinic has no way to its database that can be cut');
    return this.#parts.way;
  }
  get folder(): string {
    return this.#parts.folder;
  }
  /** What the supervisor has printed, its children's warnings among it. */
  get output(): string {
    return this.#parts.supervisor.output;
  }
  get url(): string {
    return `http://127.0.0.1:${this.settings.CHARTLINE_HTTP_PORT}`;
  }

  /** A call from a trunk, being set up. Dials the main line unless told otherwise. */
  async call(from: string, options: Partial<TrunkCallOptions> = {}): Promise<TrunkCall> {
    const call = await placeTrunkCall({ from, dialled: demoClinic.mainLine, to: this.sip, ...options });
    this.#calls.push(call);
    return call;
  }

  /** A desk phone of the demonstration's staff that registers; resolves when it has. */
  async phone(extension: keyof DemoSecrets['extensions'], options: Partial<DeskPhoneOptions> = {}): Promise<DeskPhone> {
    const phone = await startDeskPhone({
      extension,
      secret: this.secrets.extensions[extension],
      domain: '127.0.0.1',
      registrar: this.sip,
      toneHertz: 440,
      ...options,
    });
    this.#phones.push(phone);
    await phone.registered();
    return phone;
  }

  async screen(login: keyof DemoSecrets['logins'] = 'frontdesk'): Promise<Screen> {
    const screen = await Screen.open(this.url, login, this.secrets.logins[login]);
    this.#screens.push(screen);
    return screen;
  }

  /** Resolves when both parties have talked for a second: enough to find in what was recorded. */
  async talks(call: TrunkCall): Promise<void> {
    const packets = call.rtp.packetsHeard + 60;
    await until(() => (call.rtp.packetsHeard >= packets ? true : null), 'a second of audio', 5_000);
  }

  /** The record of a trunk's call once it has ended; one that was never answered has no leg and is found by its time. */
  async record(call: TrunkCall): Promise<CallRecord> {
    return until(async () => {
      const { rows } = await this.db.query<CallRecord>(
        `select * from call where ended_at is not null and (
            id = (select call_id from call_leg where sip_call_id = $1 and role = 'caller')
            or started_at >= $2 and not exists (select from call_leg where call_id = call.id))`,
        [call.callId, call.placedAt],
      );
      return rows[0] ?? null;
    }, 'the call record');
  }

  /** Resolves when a database that was killed answers again. */
  async databaseAnswers(timeoutMs = 30_000): Promise<void> {
    const asked = () =>
      this.db.query('select 1').then(
        () => true,
        () => null,
      );
    await until(asked, 'the database to answer', timeoutMs);
  }

  async rows(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.db.query(text, values)).rows;
  }

  /** Both channels of a call's recording, decrypted by the reader: the caller, and what the caller heard. */
  async recording(callId: string): Promise<{ caller: Int16Array; heard: Int16Array }> {
    const id = await until(async () => {
      const [row] = await this.rows(`select id from recording where call_id = $1 and state = 'sealed'`, [callId]);
      return (row?.id as string) ?? null;
    }, 'a sealed recording');
    const reader = new ReaderClient({
      dataFolder: this.#parts.folder,
      port: Number(this.settings.CHARTLINE_READER_PORT),
    });
    const opened = await reader.open(id, { actor: 'test', action: 'listen', reason: 'call test' });
    if (opened.kind === 'refused') throw new Error(`reader: ${opened.status} ${opened.detail}`);
    const response = await reader.audio(opened.url);
    return stereo(Buffer.from(await response.arrayBuffer()));
  }

  /** One metric's value; labels as Prometheus writes them, `{cause="auth"}`. 0 when it was never counted. */
  async metric(name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`${name}${labels} `));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  async knowsItsPatients(): Promise<void> {
    await until(
      async () => {
        const { rows } = await this.db.query('select from patient_phone where number = any($1)', [
          [EXAMPLES.known.number, EXAMPLES.family.number],
        ]);
        return rows.length >= 2 ? true : null;
      },
      () => `the phone index was not filled\n${this.#parts.supervisor.output}`,
      30_000,
    );
  }

  /** Ends what the test has opened, then throws when the clinic still holds anything of a call. */
  async checkIdle(): Promise<void> {
    await Promise.all(this.#calls.splice(0).map((call) => call.close()));
    await Promise.all(this.#phones.splice(0).map((phone) => phone.close()));
    await Promise.all(this.#screens.splice(0).map((screen) => screen.close()));
    let left: string[] = [];
    try {
      await this.#untilIdle((found) => {
        left = found;
      });
    } catch (cause) {
      throw new Error(`left behind: ${left.join('; ')}\n${await this.logs()}`, { cause });
    }
  }

  async #untilIdle(tell: (left: string[]) => void): Promise<void> {
    await until(
      async () => {
        const left = await this.#leftovers();
        tell(left);
        return left.length === 0 ? true : null;
      },
      'an idle clinic',
      8_000,
    );
  }

  /** Process id of a part as it runs now (app/supervisor/parts.ts); `postgres-server` is the postmaster. */
  pid(part: string): number {
    const list = readFileSync(join(this.#parts.folder, 'run', 'processes.json'), 'utf8');
    const found = (JSON.parse(list) as Record<string, ProcessIdentity>)[part];
    if (!found) throw new Error(`no ${part} among ${list}`);
    return found.pid;
  }

  /** What the parts wrote to their logs. */
  logs(): Promise<string> {
    return logsOf(this.#parts.folder);
  }

  /** How often the app has logged this since it began. */
  async logged(message: string): Promise<number> {
    const log = await readFile(join(this.#parts.folder, 'log', 'app.log'), 'utf8');
    return log.split(`"msg":${JSON.stringify(message)}`).length - 1;
  }

  get running(): boolean {
    return this.#parts.supervisor.status === null;
  }

  async stop(): Promise<void> {
    await this.db.end();
    const status = await this.#parts.supervisor.stop(25_000);
    await this.#parts.servers?.stop();
    await this.#parts.way?.cut();
    await this.#parts.database.drop();
    await rm(this.#parts.folder, { recursive: true, force: true });
    if (status !== 0) throw new Error(`the supervisor ended with ${status}:\n${this.#parts.supervisor.output}`);
  }

  async #leftovers(): Promise<string[]> {
    const channels = await channelsOpen(Number(this.settings.FREESWITCH_PORT), String(this.settings.FREESWITCH_SECRET));
    const counts: [string, number][] = [
      ['media channels', channels],
      ['active calls', await this.metric('chartline_calls_active')],
      ['recordings being sealed', await this.metric('chartline_recordings_active')],
      [
        'call rows without an end',
        Number((await this.rows('select count(*) from call where ended_at is null'))[0]?.count),
      ],
      [
        'open transactions',
        Number(
          (
            await this.rows(
              `select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
            )
          )[0]?.count,
        ),
      ],
    ];
    return counts.filter(([, count]) => count !== 0).map(([what, count]) => `${count} ${what}`);
  }
}

/** Both channels of a 16-bit stereo WAV. */
function stereo(wav: Buffer): { caller: Int16Array; heard: Int16Array } {
  const start = wav.indexOf('data', 12, 'latin1') + 8;
  const frames = Math.floor((wav.length - start) / 4);
  const channel = (which: 0 | 1) =>
    Int16Array.from({ length: frames }, (_, i) => wav.readInt16LE(start + i * 4 + which * 2));
  return { caller: channel(0), heard: channel(1) };
}

async function logsOf(folder: string): Promise<string> {
  const names = await readdir(join(folder, 'log')).catch(() => []);
  const logs = await Promise.all(
    names.map(async (name) => `--- ${name}\n${(await readFile(join(folder, 'log', name), 'utf8')).slice(-3_000)}`),
  );
  return logs.join('\n');
}
