import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pool } from '../../db/db.ts';
import { indexSize } from '../../db/patients.ts';
import { readNdjson } from '../../ehr/bulk.ts';
import { BATCH, storeBatches } from '../../ehr/sync-export.ts';
import { type SyncSource, syncSources } from '../../ehr/sync-sources.ts';
import { loadConfig } from '../config.ts';
import { databaseUrl } from '../database-url.ts';
import { withBenchDatabase } from './steps/bench-database.ts';

const usage = `npm run bench:import [-- <patients>]   time to take an NDJSON export into the phone index; default 1000000
  needs a running database (npm start, or DATABASE_URL) and makes one of its own on it`;

/** `npm run bench:import` */
export async function run([given = '1000000']: string[]): Promise<number> {
  const patients = Number(given);
  if (!Number.isInteger(patients) || patients < 1) {
    console.error(usage);
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), 'chartline-bench-'));
  try {
    const server = await databaseUrl(loadConfig(process.env));
    const file = join(folder, 'Patient.ndjson');
    await pipeline(Readable.from(lines(patients)), createWriteStream(file));
    const megabytes = Math.round((await stat(file)).size / 1e6);
    await withBenchDatabase(server, async (pool) => {
      const [source] = syncSources('US');
      if (!source) throw new Error('no source');
      await report(`first fill, ${megabytes} MB`, pool, () => takeIn(source, pool, file));
      await report('the same again, nothing changed', pool, () => takeIn(source, pool, file));
    });
    return 0;
  } catch (error) {
    console.error(`chartline: ${(error as Error).message || (error as NodeJS.ErrnoException).code}`);
    return 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function takeIn(source: SyncSource, pool: Pool, file: string): Promise<number> {
  let mostBytes = 0;
  const onPage = () => {
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
  };
  await storeBatches(source, readNdjson(createReadStream(file), 'Patient', BATCH), { pool, onPage });
  return mostBytes;
}

async function report(what: string, pool: Pool, work: () => Promise<number>): Promise<void> {
  const began = performance.now();
  const cpu = process.cpuUsage();
  const bytes = await work();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - began) / 1000;
  const { patients, numbers } = await indexSize(pool);
  console.log(
    `${what}: ${patients} patients, ${numbers} numbers in ${seconds.toFixed(1)} s ` +
      `(our own CPU ${((user + system) / 1e6).toFixed(1)} s), at most ${Math.round(bytes / 1e6)} MB of memory`,
  );
}

/** Patients with 2.2 numbers each, as an EHR exports them. */
function* lines(count: number): Generator<string> {
  for (let n = 0; n < count; n++) {
    const digits = (base: number) => String(base + n).replace(/^(\d{3})(\d{3})/, '($1) $2-');
    const telecom = [
      { system: 'phone', value: digits(2_000_000_000), use: 'mobile', rank: 1 },
      { system: 'phone', value: digits(4_000_000_000), use: 'home', rank: 2 },
    ];
    if (n % 5 === 0) telecom.push({ system: 'phone', value: digits(6_000_000_000), use: 'work', rank: 3 });
    const patient = {
      resourceType: 'Patient',
      id: `bench-${n}`,
      meta: { lastUpdated: '2026-01-05T12:00:00.000Z', versionId: '1' },
      identifier: [{ type: { coding: [{ code: 'MR' }] }, system: 'https://ehr.example/mrn', value: String(n) }],
      active: true,
      name: [{ use: 'official', family: `Family${n % 5000}`, given: [`Given${n % 3000}`] }],
      telecom,
      gender: n % 2 === 0 ? 'female' : 'male',
      birthDate: `${1940 + (n % 80)}-0${1 + (n % 9)}-1${n % 10}`,
      address: [{ use: 'home', line: [`${n} Alder Court`], city: 'Silver Spring', state: 'MD', postalCode: '20910' }],
      generalPractitioner: [{ reference: `Practitioner/p${n % 40}` }],
    };
    yield `${JSON.stringify(patient)}\n`;
  }
}
