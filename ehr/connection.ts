import type { CapabilityStatement } from '@medplum/fhirtypes';

import { list } from './fhir-shape.ts';

/** What a server says it can do, as far as we use it. */
export type Abilities = {
  readonly software: string;
  readonly fhirVersion: string;
  readonly batch: boolean;
  /** `$export` on the system or on Patient. */
  readonly bulkExport: boolean;
  /** Search parameters by resource type; a type that is missing cannot be searched. */
  readonly searches: ReadonlyMap<string, ReadonlySet<string>>;
  /** Resource types that can be created. */
  readonly creates: ReadonlySet<string>;
};

/** The CapabilityStatement in our words. */
export function abilitiesOf(statement: CapabilityStatement): Abilities {
  const rest = list(statement.rest).find(({ mode }) => mode === 'server') ?? list(statement.rest)[0];
  const resources = list(rest?.resource);
  const can = (resource: (typeof resources)[number], code: string) =>
    list(resource.interaction).some((interaction) => interaction.code === code);
  const operations = [...list(rest?.operation), ...resources.flatMap(({ operation }) => list(operation))];
  return {
    software: [statement.software?.name, statement.software?.version].filter(Boolean).join(' ') || 'not named',
    fhirVersion: statement.fhirVersion ?? 'not given',
    batch: list(rest?.interaction).some(({ code }) => code === 'batch'),
    bulkExport: operations.some(({ name }) => name === 'export' || name === '$export' || name === 'patient-export'),
    searches: new Map(
      resources
        .filter((resource) => can(resource, 'search-type'))
        .map((resource) => [resource.type, new Set(list(resource.searchParam).map(({ name }) => name))]),
    ),
    creates: new Set(resources.filter((resource) => can(resource, 'create')).map(({ type }) => type)),
  };
}
