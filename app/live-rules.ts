import { join } from 'node:path';
import type { Pool } from '../db/db.ts';
import { type IvrContent, loadIvr } from '../db/ivr.ts';
import { type Listening, listen } from '../db/listen.ts';
import { loadPhones } from '../db/phones.ts';
import { auditRouteVersions, loadRoutes } from '../db/routes.ts';
import { loadSchedules } from '../db/schedules.ts';
import { type CompiledRules, compileRules } from '../routing/compile.ts';
import type { RoutingRows } from '../routing/rows.ts';
import type { Region } from '../sip/address.ts';
import type { Logger } from './log.ts';
import { PhoneBook } from './phone-book.ts';
import { readSnapshot, type SystemRows, saveSnapshot } from './snapshot.ts';

/** Rules, phones and prompts of one moment; immutable, so that a call keeps those it began with. */
export type Rules = {
  readonly version: number;
  /** 'nothing': neither a database nor a snapshot was there at the start. */
  readonly source: 'database' | 'snapshot' | 'nothing';
  readonly rules: CompiledRules;
  readonly phones: PhoneBook;
  readonly ivr: IvrContent;
};

export interface LiveRules {
  current(): Rules;
  /** Whether the database is being listened to. */
  readonly connected: boolean;
  /** Called after each change; the result ends it. */
  onChange(listener: (rules: Rules) => void): () => void;
  close(): Promise<void>;
}

type LiveRulesOptions = {
  readonly databaseUrl: string;
  readonly pool: Pool;
  /** Where `snapshot.json` lies. */
  readonly dataDir: string;
  readonly region: Region;
  readonly log: Logger;
  /** Seconds between readings that no NOTIFY asked for. Default 60. */
  readonly pollSeconds?: number;
};

const nothing: SystemRows = {
  routes: { version: 0, routes: [] },
  schedules: { schedules: [], rotations: [] },
  phones: { lines: [], trunks: [], extensions: [], staff: [], teams: [] },
  prompts: [],
  menus: [],
};
const retryMs = 1_000;

/**
 * The rules in memory: an edit in Postgres is in force on the next call. Starts on the snapshot when the database is
 * away, never rejects, and goes on with what it has for as long as that lasts.
 */
export async function openLiveRules(options: LiveRulesOptions): Promise<LiveRules> {
  const live = new Live(options);
  await live.start();
  return live;
}

class Live implements LiveRules {
  connected = false;
  readonly #options: LiveRulesOptions;
  readonly #file: string;
  readonly #listeners = new Set<(rules: Rules) => void>();
  #rules: Rules;
  #text = '';
  #listening: Listening | undefined;
  #poll: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #reading: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(options: LiveRulesOptions) {
    this.#options = options;
    this.#file = join(options.dataDir, 'snapshot.json');
    this.#rules = rulesOf(nothing, 'nothing', options.region);
  }

  async start(): Promise<void> {
    const { databaseUrl, log, pollSeconds } = this.#options;
    await this.#read();
    if (this.#rules.source === 'nothing') await this.#startOnSnapshot();
    this.#listening = listen(databaseUrl, {
      channels: ['chartline_routes', 'chartline_phones'],
      onNotify: () => void this.#read(),
      onConnected: () => {
        this.connected = true;
        void this.#read();
      },
      onLost: (error) => {
        this.connected = false;
        log.warn({ err: error }, 'the database is away: rules stay as they are');
      },
    });
    this.#poll = setInterval(() => void this.#read(), (pollSeconds ?? 60) * 1000);
  }

  current(): Rules {
    return this.#rules;
  }

  onChange(listener: (rules: Rules) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#retry);
    await this.#listening?.close();
    await this.#reading;
  }

  async #startOnSnapshot(): Promise<void> {
    const { log, region } = this.#options;
    try {
      const rows = await readSnapshot(this.#file);
      if (rows) this.#rules = rulesOf(rows, 'snapshot', region);
      log.warn({ source: this.#rules.source, version: this.#rules.version }, 'started without a database');
    } catch (error) {
      log.error({ err: error }, 'the snapshot cannot be read');
    }
  }

  /** Reads what is in force; changes that come meanwhile make it read once more. */
  #read(): Promise<void> {
    this.#again = true;
    this.#reading ??= this.#readUntilQuiet().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readUntilQuiet(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#take(await loadAll(this.#options.pool));
        await auditRouteVersions(this.#options.pool);
      } catch (error) {
        this.#options.log.warn(
          { err: error },
          'rules could not be read, or their change not audited: the last good ones stay',
        );
        clearTimeout(this.#retry);
        if (!this.#closed) this.#retry = setTimeout(() => void this.#read(), retryMs);
      }
    }
  }

  async #take(rows: SystemRows): Promise<void> {
    const text = JSON.stringify(rows);
    if (text === this.#text && this.#rules.source === 'database') return;
    this.#rules = rulesOf(rows, 'database', this.#options.region);
    this.#text = text;
    for (const listener of this.#listeners) listener(this.#rules);
    this.#options.log.info({ version: this.#rules.version }, 'rules in force');
    await saveSnapshot(this.#file, rows).catch((error: unknown) => {
      this.#text = '';
      this.#options.log.error({ err: error }, 'the snapshot could not be written');
    });
  }
}

async function loadAll(pool: Pool): Promise<SystemRows> {
  const [routes, schedules, phones, ivr] = await Promise.all([
    loadRoutes(pool),
    loadSchedules(pool),
    loadPhones(pool),
    loadIvr(pool),
  ]);
  const menus = [...ivr.menus.values()].map((menu) => ({ ...menu, options: [...menu.options] }));
  return { routes, schedules, phones, prompts: [...ivr.prompts], menus };
}

function rulesOf(rows: SystemRows, source: Rules['source'], region: Region): Rules {
  return {
    version: rows.routes.version,
    source,
    rules: compileRules(routingRows(rows)),
    phones: new PhoneBook(rows.phones, region),
    ivr: {
      prompts: new Map(rows.prompts),
      menus: new Map(rows.menus.map((menu) => [menu.name, { ...menu, options: new Map(menu.options) }])),
    },
  };
}

/** What rules are compiled from, out of all rows. */
export function routingRows({ routes, schedules, phones }: Omit<SystemRows, 'prompts' | 'menus'>): RoutingRows {
  const rotations = schedules.rotations.map((rotation) => ({
    ...rotation,
    swaps: rotation.swaps.map((swap) => ({ ...swap, from: new Date(swap.from), until: new Date(swap.until) })),
  }));
  return { ...routes, schedules: schedules.schedules, rotations, ...phones };
}
