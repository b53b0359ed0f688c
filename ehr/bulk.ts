import { setTimeout as sleep } from 'node:timers/promises';
import type { Resource } from '@medplum/fhirtypes';
import type { Fhir } from './fhir.ts';
import { FhirFailure } from './fhir-failure.ts';
import { list } from './fhir-shape.ts';
import { bytesOf } from './transfer.ts';

/** Where a Bulk Data export stands: kept between runs, so that a restart goes on instead of asking for a new one. */
export type ExportProgress = { readonly statusUrl: string; readonly doneFiles: readonly string[] };

export type ExportFile = { readonly type: string; readonly url: string };
export type ExportManifest = {
  /** The server's time of the export: changes after it are in deltas. */
  readonly transactionTime: string;
  readonly files: readonly ExportFile[];
};

/**
 * Asks for everything of `types` (Bulk Data Access IG 2.0, `Patient/$export`). Rejects with `FhirFailure`, kind
 * 'refused' when the server will not.
 */
export async function requestExport(fhir: Fhir, types: readonly string[], signal: AbortSignal): Promise<string> {
  const response = await fhir.raw(`Patient/$export?_type=${types.join(',')}`, {
    signal,
    headers: { accept: 'application/fhir+json', prefer: 'respond-async' },
  });
  await response.body?.cancel();
  const statusUrl = response.headers.get('content-location');
  if (response.status !== 202 || !statusUrl)
    throw new FhirFailure('refused', { status: response.status, message: 'export was not begun' });
  return statusUrl;
}

/** Waits for the export at `statusUrl`; asks again as the server's Retry-After says. */
export async function awaitExport(fhir: Fhir, statusUrl: string, signal: AbortSignal): Promise<ExportManifest> {
  for (;;) {
    const response = await fhir.raw(statusUrl, { signal, headers: { accept: 'application/json' } });
    if (response.status !== 202) return manifestOf(await response.json().catch(() => null));
    await response.body?.cancel();
    const seconds = Number(response.headers.get('retry-after') ?? 5);
    await sleep(Math.min(Math.max(Number.isFinite(seconds) ? seconds : 5, 0.1), 120) * 1000, undefined, { signal });
  }
}

function manifestOf(body: unknown): ExportManifest {
  const { transactionTime, output } = (body ?? {}) as { transactionTime?: unknown; output?: ExportFile[] };
  if (typeof transactionTime !== 'string' || Number.isNaN(Date.parse(transactionTime)))
    throw new FhirFailure('malformed', { message: 'export manifest without transactionTime' });
  return { transactionTime, files: list(output).map(({ type, url }) => ({ type, url })) };
}

/** The resources of one NDJSON file, `batchSize` at a time, while it streams. A line that is none is left out. */
export async function* readExportFile(
  fhir: Fhir,
  file: ExportFile,
  options: { readonly batchSize: number; readonly signal: AbortSignal },
): AsyncGenerator<Resource[]> {
  const { signal } = options;
  const response = await fhir.raw(file.url, { signal, headers: { accept: 'application/fhir+ndjson' } });
  yield* readNdjson(bytesOf(response), file.type, options.batchSize);
}

/** NDJSON bytes as resources of `type`, `batchSize` at a time. */
export async function* readNdjson(
  bytes: AsyncIterable<Uint8Array>,
  type: string,
  batchSize: number,
): AsyncGenerator<Resource[]> {
  const decoder = new TextDecoder();
  let rest = '';
  let batch: Resource[] = [];
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const resource = parse(line, type);
      if (resource) batch.push(resource);
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
  }
  const last = parse(rest + decoder.decode(), type);
  if (last) batch.push(last);
  if (batch.length > 0) yield batch;
}

function parse(line: string, type: string): Resource | null {
  if (line.trim() === '') return null;
  try {
    const resource = JSON.parse(line) as Resource;
    return resource?.resourceType === type ? resource : null;
  } catch {
    return null;
  }
}
