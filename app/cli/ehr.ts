import { openPool, type Pool } from '../../db/db.ts';
import { listPhoneProblems } from '../../db/patients.ts';
import { readSyncStates } from '../../db/sync.ts';
import { readWriteBack, retrySetAside } from '../../db/write-back.ts';
import { openEhr } from '../../ehr/open.ts';
import { type Finding, probe } from '../../ehr/probe.ts';
import { type Config, loadConfig } from '../config.ts';
import { databaseUrl } from '../database-url.ts';
import { ehrSettings } from '../ehr-settings.ts';

const usage = `npm run ehr -- probe    tries on the EHR what Chartline needs and says what works, what happens instead, and what to ask for
  sync     reads what is new into the phone index, now
  report   how far the phone index and the write-back are, and the telephone numbers in charts that cannot be used
  retry    puts calls that the EHR refused back in the queue of what is written into charts`;

/** `npm run ehr -- probe | sync | report | retry` */
export async function run([command = '']: string[]): Promise<number> {
  const commands: Record<string, (config: Config, pool: Pool) => Promise<number>> = {
    probe: probeEhr,
    sync,
    report,
    retry,
  };
  const chosen = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (!chosen) {
    console.error(usage);
    return 2;
  }
  let pool: Pool | null = null;
  try {
    const config = loadConfig(process.env);
    pool = openPool(command === 'probe' ? '' : await databaseUrl(config), { max: 2, onError: () => {} });
    return await chosen(config, pool);
  } catch (error) {
    console.error(`chartline: ${(error as Error).message || (error as NodeJS.ErrnoException).code}`);
    return 1;
  } finally {
    await pool?.end();
  }
}

async function probeEhr(config: Config, pool: Pool): Promise<number> {
  const { server, findings } = await probe(openEhr({ ...(await ehrSettings(config)), pool }).fhir, new Date());
  console.log(`${server.software}, FHIR ${server.fhirVersion}\n`);
  for (const finding of findings) console.log(line(finding));
  const missing = findings.filter(({ works, askVendor }) => !works && askVendor !== 'nothing');
  console.log(`\n${findings.length - missing.length} of ${findings.length} work.`);
  if (missing.length > 0)
    console.log(`To ask the vendor for:\n${missing.map(({ askVendor }) => `  - ${askVendor}`).join('\n')}`);
  return 0;
}

function line({ what, works, detail, instead }: Finding): string {
  return works ? `  yes  ${what}: ${detail}` : `  NO   ${what}: ${detail}\n         instead: ${instead}`;
}

async function sync(config: Config, pool: Pool): Promise<number> {
  const ehr = openEhr({ ...(await ehrSettings(config)), pool });
  await ehr.sync.runOnce();
  console.log(`read ${ehr.sync.status.read} resources`);
  return report(config, pool);
}

async function report(_config: Config, pool: Pool): Promise<number> {
  for (const state of await readSyncStates(pool)) {
    const when = state.lastSuccessAt?.toISOString() ?? 'never';
    console.log(
      `${state.source}: last read ${when}${state.lastError ? `, since then failing: ${state.lastError}` : ''}`,
    );
  }
  const { size, problems } = await listPhoneProblems(pool);
  console.log(`phone index: ${size.patients} patients, ${size.numbers} numbers`);
  const written = await readWriteBack(pool);
  console.log(
    `calls written into charts: ${written.delivered}, waiting ${written.waiting}, set aside ${written.setAside.length}`,
  );
  for (const { sequence, error } of written.setAside) console.log(`  ${sequence}\t${error}`);
  if (problems.length === 0) return 0;
  console.log(`\nTo mend in the EHR (${size.unusable}):\npatient\tfield\ttyped as\twhy it is of no use`);
  for (const { patientId, source, value, reason } of problems)
    console.log([patientId, source, value, reason].join('\t'));
  return 0;
}

async function retry(_config: Config, pool: Pool): Promise<number> {
  console.log(`${await retrySetAside(pool)} calls will be tried again`);
  return 0;
}
