import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { demoClinic } from '../../embedded/demo.ts';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { demoClinic as demoCharts } from '../../embedded/ehr/population.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { Identifiers } from '../support/identifiers.ts';
import type { TrunkCall } from '../support/sipp.ts';
import { until } from '../support/until.ts';

/*
 * A busy day at the most talkative log level: afterwards no name, number, date of birth or record number of any patient
 * stands in what the processes have printed, logged or counted (design.md §8).
 */

const identifiers = Identifiers.of(demoCharts(new Date()));
const soon = () => AbortSignal.timeout(15_000);

let clinic: Clinic;
/** The table that `npm start` ends on; its numbers to call from are the demonstration's, invented. */
let invitation: string;
beforeAll(async () => {
  clinic = await startClinic({ ownPostgres: true, brief: true, settings: { CHARTLINE_LOG_LEVEL: 'debug' } });
  invitation = clinic.output;
}, 120_000);
afterEach(() => clinic?.checkIdle());
afterAll(() => clinic?.stop());

async function hangUp(call: TrunkCall): Promise<string> {
  await call.hangUp();
  return (await clinic.record(call)).id;
}

/** Everything that Chartline writes for people: logs, what it prints, what it counts. */
async function written(): Promise<Map<string, string>> {
  const texts = new Map([['stdout and stderr', clinic.output.replace(invitation, '')]]);
  texts.set('/metrics', await (await fetch(`${clinic.url}/metrics`)).text());
  texts.set('/healthz', await (await fetch(`${clinic.url}/healthz`)).text());
  for (const file of await readdir(clinic.folder, { recursive: true })) {
    const path = join(clinic.folder, file);
    if (/^(ehr|postgres\/cluster\/(?!log\/))/.test(file) || !(await stat(path)).isFile()) continue;
    texts.set(relative(clinic.folder, path), await readFile(path, 'latin1'));
  }
  return texts;
}

test('the search itself finds what it is for', () => {
  const found = (text: string) => identifiers.in(text).map(({ kind }) => kind);
  expect(found('{"msg":"call from +12025550143"}')).toEqual(['number']);
  expect(found('sip:2025550143@carrier.example')).toEqual(['number']);
  expect(found('(202) 555-0143')).toEqual(['number']);
  expect(found('Rosalind Achebe is calling')).toContain('name');
  expect(found('GET /Patient?family=achebe')).toContain('name');
  const [born = ''] = identifiers.birthDates;
  const [year, month, day] = born.split('-');
  expect(found(`born ${born}, keyed ${month}${day}${year}`)).toEqual(['birth date', 'birth date']);
  expect(found(`"${identifiers.recordNumbers[0]}"`)).toEqual(['record number']);
  expect(found(`${demoClinic.mainLine} 2026-11-22T18:00:00.000Z e621e1f8-c36c-495a-93fc-0c247a3e6e5f`)).toEqual([]);
});

test('no patient in the logs, the output or the metrics of a busy clinic', async () => {
  const [ruiz, scheduling, screen] = await Promise.all([
    clinic.phone('201'),
    clinic.phone('220'),
    clinic.screen('nurse'),
  ]);
  const calls: string[] = [];

  const known = await clinic.call(EXAMPLES.known.number, { display: EXAMPLES.known.name.toUpperCase() });
  await known.answered();
  known.rtp.press('3');
  await ruiz.rings();
  await ruiz.answers();
  await clinic.talks(known);
  calls.push(await hangUp(known));

  // 4 asks for the date of birth.
  const verified = await clinic.call(EXAMPLES.known.number);
  await verified.answered();
  verified.rtp.press('4');
  const born = identifiers.birthDateOf(EXAMPLES.known.patientId);
  const [year, month, day] = born.split('-');
  await keyedUntilVerified(verified, `${month}${day}${year}`);
  await screen.shows(({ assurance }) => assurance === 3);
  calls.push(await hangUp(verified));

  const family = await clinic.call(EXAMPLES.family.number);
  await family.answered();
  await screen.shows(({ match }) => match === 'several');
  calls.push(await hangUp(family));

  const unknown = await clinic.call(EXAMPLES.unknown.number);
  await unknown.answered();
  await scheduling.rings();
  await scheduling.hangsUp();
  calls.push(await hangUp(unknown));

  const refused = await clinic.call(EXAMPLES.openResult.number, { dialled: '+12025550999' });
  expect(await refused.refused()).toBe(404);

  process.kill(clinic.pid('ehr'), 'SIGKILL');
  const withoutEhr = await clinic.call(EXAMPLES.oddFormat.number, { display: EXAMPLES.oddFormat.name });
  await withoutEhr.answered();
  calls.push(await hangUp(withoutEhr));

  process.kill(clinic.pid('postgres-server'), 'SIGKILL');
  const withoutDatabase = await clinic.call(EXAMPLES.flagged.number, { display: EXAMPLES.flagged.name });
  await withoutDatabase.answered();
  await withoutDatabase.hangUp();
  await clinic.databaseAnswers();
  calls.push((await clinic.record(withoutDatabase)).id);

  const texts = await written();
  for (const callId of calls) expect(texts.get('log/app.log')).toContain(callId);
  for (const file of ['log/engine.log', 'log/postgres.log', 'snapshot.json']) expect([...texts.keys()]).toContain(file);
  const leaks = [...texts].flatMap(([where, text]) =>
    identifiers.in(text).map(({ kind, around }) => `${where}: ${kind} in …${around}…`),
  );
  expect(leaks).toEqual([]);
  const secrets = [
    (await readFile(join(clinic.folder, 'postgres', 'password'), 'utf8')).trim(),
    ...Object.values(clinic.secrets.extensions),
    ...Object.values(clinic.secrets.logins),
  ];
  const told = [...texts].filter(([where]) => /^log\/|^std|^\//.test(where)).map(([, text]) => text);
  expect(secrets.filter((secret) => told.some((text) => text.includes(secret)))).toHaveLength(0);

  // What was keyed is not in the record of the call either.
  const events = JSON.stringify(await clinic.rows('select detail from call_event'));
  expect(identifiers.in(events).filter(({ kind }) => kind === 'birth date')).toEqual([]);

  async function keyedUntilVerified(call: TrunkCall, keys: string): Promise<void> {
    await call.rtp.hearsSpeech(soon());
    await until(async () => {
      const [row] = await clinic.rows(
        `select from call_event e join call_leg l using (call_id) where l.sip_call_id = $1 and e.kind = 'menu'`,
        [call.callId],
      );
      return row ? true : null;
    }, 'the menu to end');
    call.rtp.press(keys);
  }
}, 120_000);
