import type { Bundle, Patient } from '@medplum/fhirtypes';
import { type Abilities, abilitiesOf } from './connection.ts';
import type { Fhir } from './fhir.ts';
import { FhirFailure } from './fhir-failure.ts';
import { list } from './fhir-shape.ts';
import { PARTS } from './summary-parts.ts';
import { PART_NAMES } from './summary-round.ts';

/** One thing that we would like of the EHR, tried on it. Names nobody. */
export type Finding = {
  readonly what: string;
  readonly works: boolean;
  readonly detail: string;
  /** What Chartline does instead; null when it works. */
  readonly instead: string | null;
  /** What to ask the vendor for; null when nothing. */
  readonly askVendor: string | null;
};

type Trial = {
  readonly what: string;
  /** What it found, in words; throws `FhirFailure` or `Missing`. */
  readonly run: () => Promise<string>;
  readonly instead: string;
  readonly askVendor: string;
};

class Missing extends Error {}

/** Tries on the EHR everything that Chartline would use. Rejects with `FhirFailure` when the server cannot be asked at all. */
export async function probe(fhir: Fhir, now: Date): Promise<{ server: Abilities; findings: Finding[] }> {
  const server = abilitiesOf(await fhir.capabilities());
  const findings: Finding[] = [];
  const sample = await fhir
    .search('Patient', { _count: 20 }, { by: 'get' })
    .catch(() => null)
    .then((bundle) => patientsIn(bundle));
  for (const trial of [
    ...indexTrials(fhir, server, sample),
    ...chartTrials(fhir, sample[0], now),
    ...writeTrials(server),
  ])
    findings.push(await attempt(trial));
  return { server, findings };
}

async function attempt({ what, run, instead, askVendor }: Trial): Promise<Finding> {
  try {
    return { what, works: true, detail: await run(), instead: null, askVendor: null };
  } catch (error) {
    const known = error instanceof FhirFailure || error instanceof Missing;
    return { what, works: false, detail: known ? error.message : 'unexpected answer', instead, askVendor };
  }
}

function indexTrials(fhir: Fhir, server: Abilities, sample: readonly Patient[]): Trial[] {
  const page = (params: Record<string, string | number>) => fhir.search('Patient', params, { by: 'get' });
  return [
    {
      what: 'read all patients by pages (first fill of the phone index)',
      run: async () => {
        if (sample.length === 0) throw new Missing('no patient came back');
        const first = await page({ _count: 2 });
        const second = await fhir.next(first);
        return second ? 'pages follow one another' : 'all patients fit on one page';
      },
      instead: 'nothing: callers cannot be identified',
      askVendor: 'read and search access to Patient (system/Patient.rs)',
    },
    {
      what: 'Bulk Data export',
      run: async () => {
        if (!server.bulkExport) throw new Missing('not in the CapabilityStatement');
        return 'offered';
      },
      instead: 'the first fill reads page by page',
      askVendor: 'Patient/$export, for a faster first fill (optional)',
    },
    {
      what: 'changes since a time (_lastUpdated)',
      run: async () => {
        const future = await page({ _lastUpdated: 'ge2200-01-01', _count: 1 });
        if (patientsIn(future).length > 0) throw new Missing('the parameter is ignored');
        return 'honoured';
      },
      instead: 'each sync reads every patient again',
      askVendor: 'the search parameter _lastUpdated on Patient and RelatedPerson',
    },
    {
      what: 'order by change (_sort=_lastUpdated)',
      run: async () => {
        const times = patientsIn(await page({ _sort: '_lastUpdated', _count: 20 })).map(
          ({ meta }) => meta?.lastUpdated ?? '',
        );
        if (times.some((time) => time === '')) throw new Missing('Patient.meta.lastUpdated is not given');
        if (times.toSorted().some((time, i) => time !== times[i])) throw new Missing('the parameter is ignored');
        return 'honoured';
      },
      instead: 'an interrupted first fill begins again',
      askVendor: '_sort=_lastUpdated on Patient',
    },
    {
      what: 'related persons (parents, guardians, caregivers)',
      run: async () => {
        await fhir.search('RelatedPerson', { _count: 1 }, { by: 'get' });
        return 'readable';
      },
      instead: 'only Patient.contact tells who calls for whom',
      askVendor: 'read and search access to RelatedPerson',
    },
    { ...phoneTrial(fhir, sample) },
  ];
}

function phoneTrial(fhir: Fhir, sample: readonly Patient[]): Trial {
  return {
    what: 'search a patient by telephone number',
    run: async () => {
      const values = sample.flatMap(({ telecom }) =>
        list(telecom).flatMap(({ system, value }) => (system === 'phone' && value ? [value] : [])),
      );
      const [asStored] = values;
      if (!asStored) throw new Missing('no sample patient has a telephone');
      const found = async (phone: string) => patientsIn(await fhir.search('Patient', { phone, _count: 1 })).length > 0;
      if (!(await found(asStored))) throw new Missing('a number that is on a chart is not found');
      const digits = asStored.replace(/\D/g, '');
      return (await found(digits))
        ? 'finds any form of a number'
        : 'compares strings: finds a number only as it is typed in the chart';
    },
    instead: 'nothing is lost: Chartline asks its own phone index, never this search',
    askVendor: 'nothing',
  };
}

function chartTrials(fhir: Fhir, patient: Patient | undefined, now: Date): Trial[] {
  const id = patient?.id ?? 'none';
  const parts = PART_NAMES.flatMap((part) => PARTS[part].ask(id, now).map((url) => ({ part, url })));
  const searches = parts
    .filter(({ url }) => url.includes('?'))
    .map(({ part, url }): Trial => {
      const [type = '', query = ''] = url.split('?');
      return {
        what: `chart: ${part} (${type})`,
        run: async () => {
          const bundle = await fhir.search(type as 'Patient', Object.fromEntries(new URLSearchParams(query)));
          return `answers, ${list(bundle.entry).length} found for a sample patient`;
        },
        instead:
          'tried again without filters and sorting; if that fails too the card says that this part is not available',
        askVendor: `search ${type} with ${[...new URLSearchParams(query).keys()].filter((key) => key !== '_count').join(', ')}`,
      };
    });
  return [
    {
      what: 'several questions in one request (batch)',
      run: async () => {
        const bundle = await fhir.batch(parts.map(({ url }) => url));
        if (list(bundle.entry).length !== parts.length) throw new Missing('not every question was answered');
        return 'answers';
      },
      instead: 'parallel searches, each its own request',
      askVendor: 'batch (POST of a Bundle), for a faster card (optional)',
    },
    ...searches,
  ];
}

function writeTrials(server: Abilities): Trial[] {
  return [
    {
      what: 'write the call into the chart (create Communication)',
      // Not tried: a probe leaves nothing behind in a chart.
      run: async () => {
        if (!server.creates.has('Communication')) throw new Missing('not in the CapabilityStatement');
        return 'offered (not tried)';
      },
      instead: 'calls are kept in Chartline only',
      askVendor: 'create access to Communication (system/Communication.c)',
    },
  ];
}

function patientsIn(bundle: Bundle | null): Patient[] {
  return list(bundle?.entry).flatMap(({ resource }) => (resource?.resourceType === 'Patient' ? [resource] : []));
}
