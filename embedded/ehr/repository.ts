import {
  badRequest,
  globalSchema,
  notFound,
  OperationOutcomeError,
  Operator,
  type SearchRequest,
  type WithId,
} from '@medplum/core';
import { MemoryRepository } from '@medplum/fhir-router';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { RESOURCE_TYPES } from './definitions.ts';
import type { Journal } from './journal.ts';

const DEFAULT_COUNT = 50;
const MAX_COUNT = 1000;

/** Medplum's repository, with what a deployed server adds: unknown types and parameters refused, page sizes, an index by patient, a journal. */
export class DemoRepository extends MemoryRepository {
  /** `Patient/id` → that patient's resources, `Type/id` each. */
  readonly #charts = new Map<string, Map<string, WithId<Resource>>>();
  #journal: Journal | null = null;

  /** From now on every write is also appended to `journal`. */
  record(journal: Journal): void {
    this.#journal = journal;
  }

  override async createResource<T extends Resource>(resource: T): Promise<WithId<T>> {
    known(resource.resourceType);
    const created = await super.createResource(this.#journal ? withoutServerMeta(resource) : resource);
    this.#forget(`${created.resourceType}/${created.id}`);
    for (const patient of patientsOf(created)) {
      const chart = this.#charts.get(patient) ?? new Map<string, WithId<Resource>>();
      this.#charts.set(patient, chart.set(`${created.resourceType}/${created.id}`, created));
    }
    this.#journal?.append({ put: created });
    return created;
  }

  override async deleteResource(resourceType: string, id: string): Promise<void> {
    await super.deleteResource(resourceType, id);
    this.#forget(`${resourceType}/${id}`);
    this.#journal?.append({ deleted: `${resourceType}/${id}` });
  }

  override async readResource<T extends Resource>(resourceType: string, id: string): Promise<T> {
    known(resourceType);
    return super.readResource<T>(resourceType, id);
  }

  override async search<T extends Resource>(given: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    refuseWhatIsNotSupported(given);
    const request = { ...given, count: Math.min(given.count ?? DEFAULT_COUNT, MAX_COUNT) };
    const chart = this.#chartAsked(request);
    if (!chart) return super.search(request);
    // One patient's few resources are cheaper to copy than all patients' to evaluate FHIRPath on.
    const part = new MemoryRepository();
    for (const resource of chart.values())
      if (resource.resourceType === request.resourceType) await part.createResource(resource);
    return part.search(request);
  }

  #chartAsked(request: SearchRequest): Map<string, WithId<Resource>> | null {
    const filter = request.filters?.find(
      ({ code, operator, value }) =>
        ['patient', 'subject', 'actor'].includes(code) &&
        operator === Operator.EQUALS &&
        /^Patient\/[^,]+$/.test(value),
    );
    return filter ? (this.#charts.get(filter.value) ?? new Map()) : null;
  }

  #forget(key: string): void {
    for (const chart of this.#charts.values()) chart.delete(key);
  }
}

function known(resourceType: string): void {
  if (!RESOURCE_TYPES.some((type) => type === resourceType)) throw new OperationOutcomeError(notFound);
}

function refuseWhatIsNotSupported(request: SearchRequest): void {
  known(request.resourceType);
  if (request.include || request.revInclude)
    throw new OperationOutcomeError(badRequest('_include and _revinclude are not supported'));
  for (const { code } of request.filters ?? [])
    if (!globalSchema.types[request.resourceType]?.searchParams?.[code])
      throw new OperationOutcomeError(badRequest(`Unknown search parameter '${code}'`));
}

/** The server alone says when a resource was written. */
function withoutServerMeta<T extends Resource>(resource: T): T {
  const { versionId: _version, lastUpdated: _updated, ...meta } = resource.meta ?? {};
  return { ...resource, meta };
}

function patientsOf(resource: Resource): Set<string> {
  const references = JSON.stringify(resource).matchAll(/"reference":"(Patient\/[^"]+)"/g);
  return new Set([...references].map(([, reference]) => reference ?? ''));
}
