import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle, Communication, Patient } from '@medplum/fhirtypes';
import { openFhir } from '../../ehr/fhir.ts';
import { parsePhones } from '../../ehr/numbers.ts';
import { probe } from '../../ehr/probe.ts';
import { EXAMPLES, PRACTITIONERS } from '../../embedded/ehr/examples.ts';
import { demoClinic } from '../../embedded/ehr/population.ts';
import { type RunningEhr, startDemoEhr } from '../support/demo-ehr.ts';
import { Process } from '../support/process.ts';

describe('the demonstration EHR as a process', () => {
  let dataFolder: string;
  beforeAll(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'chartline-ehr-'));
  });
  afterAll(() => rm(dataFolder, { recursive: true, force: true }));

  const start = (port: number) =>
    new Process('ehr', process.execPath, ['--disable-warning=ExperimentalWarning', 'embedded/ehr/main.ts'], {
      env: { ...process.env, CHARTLINE_DATA: dataFolder, EMBEDDED_EHR_PORT: String(port) },
    });
  const ready = async (ehr: Process) => {
    const [line] = await ehr.prints(/^\{.*\}$/m, 20_000);
    const { ready: is, port } = JSON.parse(line) as { ready: boolean; port: number };
    expect(is).toBe(true);
    return `http://127.0.0.1:${port}/fhir/R4`;
  };
  const communication: Communication = {
    resourceType: 'Communication',
    identifier: [{ system: 'urn:test', value: '1' }],
    status: 'completed',
    subject: { reference: `Patient/${EXAMPLES.known.patientId}` },
  };

  test('what was written survives a restart, also one whose last line was cut off', async () => {
    const first = start(0);
    const { id } = await openFhir({ baseUrl: await ready(first) }).createOnce(communication, 'identifier=urn:test|1');
    expect(await first.stop()).toBe(0);
    await appendFile(join(dataFolder, 'ehr', 'journal.ndjson'), '\n{"put":{"resourceType":"Communica');
    const second = start(0);
    const fhir = openFhir({ baseUrl: await ready(second) });
    expect(await fhir.read('Communication', id ?? '')).toMatchObject(communication);
    // Conditional create: the same again is the same resource.
    expect(await fhir.createOnce(communication, 'identifier=urn:test|1')).toMatchObject({ id });
    expect((await fhir.search('Communication', { identifier: 'urn:test|1' })).total).toBe(1);
    expect(await second.stop()).toBe(0);
  });

  test('a taken port is one clear line that names the setting', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    const ehr = start(port);
    expect(await ehr.exited).toBe(1);
    expect(ehr.output).toBe(`demonstration EHR: port ${port} is taken; set EMBEDDED_EHR_PORT to a free one\n`);
    await new Promise((resolve) => holder.close(resolve));
  });
});

describe('over HTTP', () => {
  let server: RunningEhr;
  beforeAll(async () => {
    server = await startDemoEhr();
  });
  afterAll(() => server.close());

  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${server.baseUrl}/${path}`, init);
    return { status: response.status, body: (await response.json()) as Bundle };
  };

  test('pages follow one another without losing or repeating a patient', async () => {
    const ids: string[] = [];
    let page = (await get('Patient?_count=33')).body;
    for (;;) {
      ids.push(...(page.entry ?? []).map(({ resource }) => resource?.id ?? ''));
      const next = page.link?.find(({ relation }) => relation === 'next')?.url;
      if (!next) break;
      page = (await (await fetch(next)).json()) as Bundle;
    }
    expect(ids).toHaveLength(200);
    expect(new Set(ids).size).toBe(200);
  });

  test('a page link after POST _search does not tell what was searched', async () => {
    const init = { method: 'POST', body: new URLSearchParams({ gender: 'female', _count: '5' }) };
    const { body } = await get('Patient/_search', init);
    expect(body.entry).toHaveLength(5);
    expect(body.link?.[0]?.url).not.toMatch(/female/);
    const second = (await (await fetch(body.link?.[0]?.url ?? '')).json()) as Bundle<Patient>;
    expect(second.entry?.every(({ resource }) => resource?.gender === 'female')).toBe(true);
  });

  test.each([
    ['Claim', 404],
    ['Patient/nobody', 404],
    ['Patient?shoe-size=44', 400],
    ['Patient?_page=expired', 410],
    ['../elsewhere', 404],
  ])('%s: %i with an OperationOutcome', async (path, status) => {
    expect(await get(path)).toMatchObject({ status, body: { resourceType: 'OperationOutcome' } });
  });

  test('the probe finds all that Chartline needs, and names what it does not offer', async () => {
    const { server: abilities, findings } = await probe(openFhir({ baseUrl: server.baseUrl }), new Date());
    expect(abilities.batch).toBe(true);
    expect(findings.filter(({ works }) => !works).map(({ what }) => what)).toEqual(['Bulk Data export']);
    expect(JSON.stringify(findings)).not.toMatch(/pat-|Achebe|555/);
  });
});

describe('the generated clinic', () => {
  const resources = demoClinic(new Date('2026-11-20T15:00:00Z'));
  const patients = resources.filter((resource) => resource.resourceType === 'Patient');

  test('is the same on every machine', () => {
    expect(demoClinic(new Date('2026-11-20T18:00:00Z')).map(({ id }) => id)).toEqual(resources.map(({ id }) => id));
    const people = (at: string) => demoClinic(new Date(at)).filter(({ resourceType }) => resourceType === 'Patient');
    expect(people('2027-03-01T00:00:00Z')).toEqual(patients);
  });

  test('every id is used once, and every reference leads somewhere', () => {
    const keys = resources.map(({ resourceType, id }) => `${resourceType}/${id}`);
    expect(new Set(keys).size).toBe(keys.length);
    const references = JSON.stringify(resources).matchAll(/"reference":"([^"]+)"/g);
    for (const [, reference] of references) expect(keys).toContain(reference);
  });

  test('every telephone is of the fixture ranges 555-01xx, and the unknown caller is on no chart', () => {
    const values = patients.flatMap(({ telecom, contact }) =>
      [...(telecom ?? []), ...(contact ?? []).flatMap((one) => one.telecom ?? [])].map(({ value }) => value ?? ''),
    );
    const numbers = values.flatMap((value) => parsePhones(value, 'US').numbers);
    expect(numbers.length).toBeGreaterThan(250);
    for (const number of numbers) expect(number).toMatch(/^\+1\d{3}55501\d\d$/);
    expect(numbers).not.toContain(EXAMPLES.unknown.number);
  });

  test('each physician has patients, and there are children, shared phones, Spanish speakers', () => {
    const pcps = patients.map(({ generalPractitioner }) => generalPractitioner?.[0]?.reference);
    for (const { id } of Object.values(PRACTITIONERS))
      expect(pcps.filter((pcp) => pcp === `Practitioner/${id}`).length).toBeGreaterThan(30);
    expect(patients.filter(({ birthDate }) => (birthDate ?? '') > '2010').length).toBeGreaterThan(20);
    const spanish = patients.filter(({ communication }) => communication?.[0]?.language?.coding?.[0]?.code === 'es');
    expect(spanish.length).toBeGreaterThan(5);
  });
});
