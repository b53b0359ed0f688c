import type { Bundle, BundleEntry, Resource, ResourceType } from '@medplum/fhirtypes';
import type { Fhir } from './fhir.ts';
import { FhirFailure } from './fhir-failure.ts';
import { aboutPatient, PARTS, type PartName, type PartValue } from './summary-parts.ts';
import type { PatientId } from './types.ts';

/** A part as it came from the EHR. */
export type Arrived<P extends PartName = PartName> = { readonly value: PartValue<P>; readonly asOf: Date };
/** Each part of a chart, on its way from the EHR; none of them is awaited by the other. */
export type Round = { readonly [P in PartName]: Promise<Arrived<P>> };

export const PART_NAMES = Object.keys(PARTS) as PartName[];

/**
 * Asks the EHR for every part in one round: one FHIR batch, or parallel searches where the server has none. A part
 * rejects with `FhirFailure`; unhandled rejections are already caught.
 */
export function askRound(
  fhir: Fhir,
  patientId: PatientId,
  options: { readonly batch: boolean; readonly now: () => Date },
): Round {
  const asked = options.now();
  const urls = PART_NAMES.map((part) => PARTS[part].ask(patientId, asked));
  const answers = options.batch ? byBatch(fhir, urls.flat()) : bySearches(fhir, urls.flat());
  const round: Partial<Record<PartName, Promise<unknown>>> = {};
  PART_NAMES.forEach((part, i) => {
    const own = answers.splice(0, urls[i]?.length);
    const arrival = Promise.all(own).then((found) => ({
      value: readPart(part, found.flat(), patientId, asked),
      asOf: options.now(),
    }));
    arrival.catch(() => {});
    round[part] = arrival;
  });
  return round as Round;
}

function readPart(part: PartName, found: readonly Resource[], patientId: PatientId, now: Date): unknown {
  try {
    return PARTS[part].read(aboutPatient(found, patientId), now);
  } catch (cause) {
    throw new FhirFailure('malformed', { message: `${part} cannot be read`, cause });
  }
}

function bySearches(fhir: Fhir, urls: readonly string[]): Promise<Resource[]>[] {
  return urls.map((url) => ask(fhir, url).catch((error) => askPlainly(fhir, url, error)));
}

function byBatch(fhir: Fhir, urls: readonly string[]): Promise<Resource[]>[] {
  // Null: this server takes no batch, whatever its CapabilityStatement says.
  const batch = fhir.batch(urls).catch((error) => {
    if (error instanceof FhirFailure && error.kind === 'refused') return null;
    throw error;
  });
  return urls.map(async (url, i) => {
    const bundle = await batch;
    try {
      if (!bundle) return await ask(fhir, url);
      return resourcesOf(bundle.entry?.[i]);
    } catch (error) {
      return askPlainly(fhir, url, error);
    }
  });
}

/** A second try without sorting and filtering, for servers that refuse a parameter; the readers filter anyway. */
async function askPlainly(fhir: Fhir, url: string, error: unknown): Promise<Resource[]> {
  const [path = '', query = ''] = url.split('?');
  const plain = query.split('&').filter((parameter) => parameter.startsWith('patient='));
  const parameterRefused = error instanceof FhirFailure && error.status === 400 && plain.length > 0;
  if (!parameterRefused) throw error;
  return ask(fhir, `${path}?${plain.join('&')}`);
}

async function ask(fhir: Fhir, url: string): Promise<Resource[]> {
  const [path = '', query] = url.split('?');
  const [type = '', id] = path.split('/');
  if (query === undefined) return [await fhir.read(type as ResourceType, decodeURIComponent(id ?? ''))];
  return searchset(await fhir.search(type as ResourceType, Object.fromEntries(new URLSearchParams(query))));
}

function resourcesOf(entry: BundleEntry | undefined): Resource[] {
  const status = Number.parseInt(String(entry?.response?.status ?? ''), 10);
  if (status >= 500) throw new FhirFailure('server-error', { status });
  if (status >= 300) throw new FhirFailure('refused', { status });
  const resource = entry?.resource;
  if (!(status >= 200) || !resource) throw new FhirFailure('malformed', { message: 'batch answer lacks an entry' });
  return resource.resourceType === 'Bundle' ? searchset(resource) : [resource];
}

function searchset(bundle: Bundle): Resource[] {
  const entries = Array.isArray(bundle.entry) ? bundle.entry : [];
  return entries.flatMap(({ resource }) => (resource?.resourceType ? [resource] : []));
}
