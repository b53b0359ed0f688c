import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { DateTime } from 'luxon';
import { appendAudit } from '../../db/audit.ts';
import { type Db, inTransaction, openPool, type Pool } from '../../db/db.ts';
import { loadPhones, type PhoneRows } from '../../db/phones.ts';
import {
  decisionsSince,
  loadRoutes,
  rehearse,
  restoreRoutes,
  routeChanges,
  routeVersions,
  signRouteChange,
} from '../../db/routes.ts';
import { loadSchedules } from '../../db/schedules.ts';
import { openEhr } from '../../ehr/open.ts';
import { type CompiledRules, compileRules } from '../../routing/compile.ts';
import { explain } from '../../routing/explain.ts';
import { hoursAt, localTime, nextChange } from '../../routing/hours.ts';
import { lint } from '../../routing/lint.ts';
import { replay } from '../../routing/replay.ts';
import type { RoutingRows, Schedule } from '../../routing/rows.ts';
import { reviveFacts } from '../../routing/stored-facts.ts';
import type { Intent } from '../../routing/types.ts';
import { type E164, type Region, toE164 } from '../../sip/address.ts';
import { type Config, loadConfig } from '../config.ts';
import { databaseUrl } from '../database-url.ts';
import { dryRun } from '../dry-run.ts';
import { routingRows } from '../live-rules.ts';
import { PhoneBook } from '../phone-book.ts';

const usage = `npm run route -- explain --to +12025550100 [--from +1…] [--at '2026-12-24 18:05'] [--intent refill] [--every-phone]
                        what would happen to a call, and why; --every-phone: as if every phone were registered
  lint                  rules that no call can reach, places where no phone rings, hours with gaps
  replay [--since yesterday]
                        which calls since then would go elsewhere by the rules as they are now
  versions              who changed what, newest first
  undo <version>        makes the routes what they were in that version
  --with edits.sql      with explain, lint and replay: as if that file had been run; it is not`;

const intents: readonly string[] = ['appointment', 'refill', 'clinical', 'results', 'billing', 'operator', 'urgent'];

type Options = { [Name in 'from' | 'to' | 'at' | 'intent' | 'since' | 'with']?: string } & { 'every-phone'?: boolean };
type Here = { readonly config: Config; readonly pool: Pool; readonly options: Options; readonly argument: string };
type System = {
  readonly db: Db;
  readonly rows: RoutingRows;
  readonly rules: CompiledRules;
  readonly phones: PhoneRows;
};

/** `npm run route -- explain | lint | replay | versions | undo` */
export async function run(args: string[]): Promise<number> {
  let pool: Pool | null = null;
  try {
    const { values: options, positionals } = parse(args);
    const [command = '', argument = ''] = positionals;
    const action = Object.hasOwn(actions, command) ? actions[command as keyof typeof actions] : null;
    if (!action) throw new Usage();
    const config = loadConfig(process.env);
    pool = openPool(await databaseUrl(config), { max: 4, onError: () => {} });
    return await action({ config, pool, options, argument });
  } catch (error) {
    if (error instanceof Usage) console.error(error.message ? `chartline: ${error.message}` : usage);
    else console.error(messageOf(error as Error & { hint?: string; code?: string }));
    return error instanceof Usage ? 2 : 1;
  } finally {
    await pool?.end();
  }
}

class Usage extends Error {}

const actions = {
  explain: (here: Here) => onRules(here, (system) => explainCall(here, system)),
  lint: (here: Here) => onRules(here, lintRules),
  replay: (here: Here) => onRules(here, (system) => replayCalls(here, system)),
  versions,
  undo,
};

function parse(args: string[]) {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        from: text,
        to: text,
        at: text,
        intent: text,
        since: text,
        with: text,
        'every-phone': { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new Usage((error as Error).message);
  }
}

/** Runs `work` on the rules as they are, or as the file of `--with` would make them. */
async function onRules({ pool, options }: Here, work: (system: System) => Promise<number>): Promise<number> {
  const read = async (db: Db) => work(await loadSystem(db));
  return options.with === undefined ? read(pool) : rehearse(pool, await readFile(options.with, 'utf8'), read);
}

async function loadSystem(db: Db): Promise<System> {
  // One after the other: a transaction's client takes one query at a time.
  const routes = await loadRoutes(db);
  const schedules = await loadSchedules(db);
  const phones = await loadPhones(db);
  const rows = routingRows({ routes, schedules, phones });
  return { db, rows, rules: compileRules(rows), phones };
}

async function explainCall({ config, pool, options }: Here, { db, rows, rules, phones }: System): Promise<number> {
  const region = config.CHARTLINE_REGION as Region;
  const line = phones.lines.find(({ number }) => number === numberOf(options.to, region));
  if (!line) throw new Usage(`--to: write one of your lines: ${phones.lines.map(({ number }) => number).join(', ')}`);
  const { intent = null } = options;
  if (intent !== null && !intents.includes(intent)) throw new Usage(`--intent: write one of ${intents.join(', ')}`);
  const ehr = openEhr({
    baseUrl: config.FHIR_BASE_URL ?? `http://127.0.0.1:${config.EMBEDDED_EHR_PORT}/fhir/R4`,
    token: config.FHIR_TOKEN,
    region,
    pool,
  });
  const at = options.at === undefined ? new Date() : moment(options.at, line.timeZone);
  const from = numberOf(options.from, region);
  const { facts, decision } = await dryRun(
    {
      line: line.number,
      from,
      at,
      intent: intent as Intent | null,
      everyPhone: options['every-phone'] === true,
    },
    { db, rules, phones: new PhoneBook(phones, region), directory: ehr.directory, charts: ehr.charts },
  );
  const clock = DateTime.fromJSDate(at, { zone: line.timeZone }).toFormat('cccc yyyy-MM-dd HH:mm ZZZZ');
  console.log(`A call to ${line.name} from ${from ?? 'a withheld number'} on ${clock}`);
  console.log(`The caller is ${facts.caller}, the chart is ${facts.chart ? 'known' : 'not known'}.\n`);
  console.log(explain(decision));
  for (const schedule of rows.schedules) console.log(hoursText(schedule, at));
  return 0;
}

function hoursText(schedule: Schedule, at: Date): string {
  const { because } = hoursAt(schedule, localTime(at, schedule.timeZone));
  const change = nextChange(schedule, at);
  const until = change && DateTime.fromJSDate(change, { zone: schedule.timeZone }).toFormat('cccc yyyy-MM-dd HH:mm');
  return `${because}${until ? `, until ${until}` : ''}.`;
}

async function lintRules({ rows }: System): Promise<number> {
  const findings = lint(rows);
  const title = { never: 'no call reaches it', nobody: 'no phone rings', check: 'worth a look' } as const;
  for (const { kind, about, text } of findings) console.log(`${title[kind].padEnd(18)}  ${about}: ${text}`);
  console.log(findings.length === 0 ? 'Nothing odd.' : `${findings.length} findings.`);
  return findings.some(({ kind }) => kind === 'never') ? 1 : 0;
}

async function replayCalls({ options }: Here, { db, rows, rules }: System): Promise<number> {
  const zone = rows.lines[0]?.timeZone ?? 'utc';
  const since = moment(options.since ?? 'yesterday', zone);
  const stored = await decisionsSince(db, since);
  let elsewhere = 0;
  for (const { callId, at, rule, steps, callerNumber, facts } of stored) {
    const change = replay({ rule, steps }, reviveFacts(facts, callerNumber), rules);
    if (!change) continue;
    elsewhere += 1;
    const clock = DateTime.fromJSDate(at, { zone }).toFormat('yyyy-MM-dd HH:mm');
    console.log(`${clock}  ${callId}\n  was  ${change.was}\n  now  ${change.now}`);
  }
  console.log(`${elsewhere} of ${stored.length} decisions since ${since.toISOString()} would be others.`);
  return 0;
}

async function versions({ pool }: Here): Promise<number> {
  const latest = await routeVersions(pool, 21);
  for (const [index, version] of latest.slice(0, 20).entries()) {
    const changes = routeChanges(latest[index + 1], version);
    const note = version.note === null ? '' : ` (${version.note})`;
    console.log(`${version.version}  ${version.at.toISOString()}  ${version.changedBy}${note}`);
    console.log(`    ${changes.length > 8 ? `${changes.length} routes` : changes.join(', ') || 'nothing'}`);
  }
  return 0;
}

async function undo({ pool, argument }: Here): Promise<number> {
  const version = Number(argument);
  if (!Number.isSafeInteger(version) || version < 1) throw new Usage('undo: which version? npm run route -- versions');
  const actor = `system:${userInfo().username}`;
  const found = await inTransaction(pool, async (db) => {
    await signRouteChange(db, actor, `back to version ${version}`);
    if (!(await restoreRoutes(db, version))) return false;
    await appendAudit(db, { actor, action: 'routes.undo', subject: `route_version:${version}` });
    return true;
  });
  if (!found) throw new Usage(`there is no version ${version}: npm run route -- versions`);
  console.log(`The routes are those of version ${version}, as version ${(await loadRoutes(pool)).version}.`);
  return 0;
}

function numberOf(text: string | undefined, region: Region): E164 | null {
  if (text === undefined) return null;
  const number = toE164(text, region);
  if (number === null) throw new Usage(`'${text}' is not a telephone number`);
  return number;
}

/** 'today', 'yesterday', or an ISO date and time with a space or a T, local to `zone` unless it says its own. */
function moment(text: string, zone: string): Date {
  const today = DateTime.now().setZone(zone).startOf('day');
  if (text === 'today') return today.toJSDate();
  if (text === 'yesterday') return today.minus({ days: 1 }).toJSDate();
  const at = DateTime.fromISO(text.trim().replace(/ +/, 'T'), { zone });
  if (!at.isValid) throw new Usage(`'${text}' is no time: write for example '2026-12-24 18:05'`);
  return at.toJSDate();
}

function messageOf({ message, hint, code }: Error & { hint?: string; code?: string }): string {
  return `chartline: ${message || code}${hint ? `\n  ${hint}` : ''}`;
}
