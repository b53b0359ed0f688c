import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes';
import { RESOURCE_TYPES, searchParameters } from './definitions.ts';

/** What this server can do, from the same definitions that it answers by. */
export function capabilityStatement(baseUrl: string): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-05',
    kind: 'instance',
    software: { name: 'Chartline demonstration EHR' },
    implementation: { description: 'Generated patients; no real person', url: baseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    rest: [{ mode: 'server', interaction: [{ code: 'batch' }], resource: RESOURCE_TYPES.map(resource) }],
  };
}

function resource(type: string): CapabilityStatementRestResource {
  const own = (searchParameters().entry ?? []).flatMap(({ resource: parameter }) =>
    parameter?.base.some((base) => base === type) &&
    parameter.code &&
    !['composite', 'special'].includes(parameter.type)
      ? [{ name: parameter.code, type: parameter.type }]
      : [],
  );
  return {
    type: type as CapabilityStatementRestResource['type'],
    interaction: (['read', 'search-type', 'create', 'update', 'patch', 'delete', 'history-instance'] as const).map(
      (code) => ({ code }),
    ),
    conditionalCreate: true,
    searchParam: [{ name: '_id', type: 'token' }, { name: '_lastUpdated', type: 'date' }, ...own],
  };
}
