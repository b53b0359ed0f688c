import { fillBenchIndex } from '../../db/bench-index.ts';
import type { Pool } from '../../db/db.ts';
import { openDirectory } from '../../ehr/directory.ts';
import type { E164 } from '../../sip/address.ts';
import { loadConfig } from '../config.ts';
import { databaseUrl } from '../database-url.ts';
import { withBenchDatabase } from './steps/bench-database.ts';

const usage = `npm run bench:lookup [-- <patients> …]   time to identify a caller, beside the bare select on the same database
  default: 1000 100000 1000000; needs a running database (npm start, or DATABASE_URL) and makes one of its own on it`;
const WARM_UP = 2000;
const LOOKUPS = 20_000;

/** `npm run bench:lookup` */
export async function run(args: string[]): Promise<number> {
  const sizes = args.length > 0 ? args.map(Number) : [1000, 100_000, 1_000_000];
  if (sizes.some((size) => !Number.isInteger(size) || size < 1)) {
    console.error(usage);
    return 2;
  }
  try {
    const server = await databaseUrl(loadConfig(process.env));
    console.log('| patients | numbers | bare select p50 | p99 | identify p50 | p99 | identify / bare at p99 |');
    console.log('| --- | --- | --- | --- | --- | --- | --- |');
    for (const size of sizes) console.log(await withBenchDatabase(server, (pool) => measure(pool, size)));
    return 0;
  } catch (error) {
    console.error(`chartline: ${(error as Error).message || (error as NodeJS.ErrnoException).code}`);
    return 1;
  }
}

async function measure(pool: Pool, patients: number): Promise<string> {
  const numbers = await fillBenchIndex(pool, patients);
  const directory = openDirectory({ pool, remembered: 1 });
  const number = () => `+1${2_000_000_000 + Math.floor(Math.random() * patients)}`;
  const bare = () =>
    pool.query({
      name: 'bench.bare',
      text: `select i.patient_id, i.name, i.birth_date, i.gender, i.mrn, p.relation, p.held_by, p.use
               from patient_phone p join patient_identity i using (patient_id) where p.number = $1`,
      values: [number()],
    });
  const identify = async () => {
    const match = await directory.identify(number() as E164, 1000);
    if (match.kind !== 'one' && match.kind !== 'several') throw new Error(`a number of the index gave '${match.kind}'`);
  };
  // By turns, so that whatever else the machine does meets both alike.
  const times = { bare: [] as number[], identify: [] as number[] };
  for (let i = 0; i < WARM_UP + LOOKUPS; i++)
    for (const [name, work] of [
      ['bare', bare],
      ['identify', identify],
    ] as const) {
      const began = performance.now();
      await work();
      if (i >= WARM_UP) times[name].push(performance.now() - began);
    }
  const at = (list: number[], share: number) => list.toSorted((a, b) => a - b)[Math.floor(list.length * share)] ?? 0;
  const [b50, b99, i50, i99] = [
    at(times.bare, 0.5),
    at(times.bare, 0.99),
    at(times.identify, 0.5),
    at(times.identify, 0.99),
  ];
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  return `| ${patients} | ${numbers} | ${ms(b50)} | ${ms(b99)} | ${ms(i50)} | ${ms(i99)} | ${(i99 / b99).toFixed(2)} |`;
}
