import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, serverAccount } from './account.ts';
import { findBinaries } from './binaries.ts';
import { databaseName, ensureCluster, ownDirectory, plainEnvironment } from './cluster.ts';
import { endLeftovers } from './leftovers.ts';
import { acceptsConnections } from './ping.ts';

export type PostgresOptions = {
  /** Chartline's data folder; the database lives in `postgres/` in it. */
  readonly dataDir: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Each line the server logs. */
  readonly log: (line: string) => void;
  /** False for throwaway test clusters: no fsync. Default true. */
  readonly durable?: boolean;
};

export type RunningPostgres = {
  /** `postgres://…` with the generated password, superuser of this cluster. */
  readonly url: string;
  readonly pid: number;
  /** Resolves when the server has ended, whoever ended it. */
  readonly exited: Promise<void>;
  /** Fast shutdown (open transactions roll back), after 10 s immediate, after 15 s killed. Idempotent. */
  stop(): Promise<void>;
};

/**
 * Starts Postgres 18 on the data folder, made on first use, and resolves when it accepts connections. What a killed
 * earlier start left behind is ended first. Throws with the server's own reason when it does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const durable = options.durable ?? true;
  mkdirSync(join(options.dataDir, 'postgres'), { recursive: true, mode: 0o700 });
  const home = realpathSync(join(options.dataDir, 'postgres'));
  const account = serverAccount(join(home, 'cluster'));
  const bin = await findBinaries(account, home);
  const { cluster, password } = await ensureCluster({ home, bin, account, durable });
  await endLeftovers(cluster);

  const server = spawnServer(bin, cluster, account, serverSettings(options.port, durable));
  const pid = server.pid;
  if (pid === undefined) throw (await once(server, 'error'))[0];
  const fatal = relayLog(server, options.log);
  const exited = once(server, 'close').then(() => {});
  await ready(options.port, exited, fatal);
  return {
    url: `postgres://${databaseName}:${password}@127.0.0.1:${options.port}/${databaseName}`,
    pid,
    exited,
    stop: () => stop(server, exited),
  };
}

/** A small machine's settings, given on the command line so that an upgrade changes them too. */
function serverSettings(port: number, durable: boolean): Record<string, string | number> {
  return {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    cluster_name: databaseName,
    max_connections: 60,
    shared_buffers: '64MB',
    max_wal_size: '256MB',
    max_parallel_workers_per_gather: 0,
    max_logical_replication_workers: 0,
    idle_in_transaction_session_timeout: '60s',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    // Statements and details quote rows: patients stay out of the log (design.md §8).
    log_min_error_statement: 'panic',
    log_parameter_max_length: 0,
    log_parameter_max_length_on_error: 0,
    log_error_verbosity: 'terse',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
}

// Detached: Ctrl-C in the terminal must not reach the database before the application has drained.
function spawnServer(bin: string, cluster: string, account: Account | null, settings: Record<string, string | number>) {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return spawn(join(bin, 'postgres'), ['-D', ownDirectory, ...flags], {
    cwd: cluster,
    env: plainEnvironment,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...account,
  });
}

/** Passes on each line; returns a reader of the last FATAL one. */
function relayLog(server: ChildProcess, log: (line: string) => void): () => string {
  let fatal = '';
  if (!server.stderr) throw new Error('the server was spawned without a log');
  createInterface({ input: server.stderr }).on('line', (line) => {
    const [, level, text] = /\b(FATAL|LOG): {2}(.*)/.exec(line) ?? [];
    if (level === 'FATAL' || text?.startsWith('could not')) fatal ||= text ?? '';
    log(line);
  });
  return () => fatal;
}

async function ready(port: number, exited: Promise<void>, fatal: () => string): Promise<void> {
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  // Crash recovery may take a while; the server's end is the only failure.
  while (!(await acceptsConnections(port, databaseName))) {
    if (ended) throw new Error(`embedded Postgres did not start: ${fatal() || 'see its log'}`);
    await Promise.race([delay(20), exited]);
  }
  if (ended) throw new Error(`embedded Postgres did not start: ${fatal()} (port ${port} answers for another server)`);
}

async function stop(server: ChildProcess, exited: Promise<void>): Promise<void> {
  server.kill('SIGINT');
  const harder = setTimeout(() => server.kill('SIGQUIT'), 10_000);
  const hardest = setTimeout(() => server.kill('SIGKILL'), 15_000);
  await exited;
  clearTimeout(harder);
  clearTimeout(hardest);
}
