import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import { openDemoEhr } from '../../embedded/ehr/open.ts';
import type { DemoRepository } from '../../embedded/ehr/repository.ts';
import { BASE_PATH } from '../../embedded/ehr/server.ts';

export type RunningEhr = {
  readonly baseUrl: string;
  /** For tests that edit charts behind the server's back. */
  readonly repository: DemoRepository;
  close(): Promise<void>;
};

/** The demonstration EHR on a free port of loopback, with the generated clinic or `resources`. */
export async function startDemoEhr(options: { now?: Date; resources?: Iterable<Resource> } = {}): Promise<RunningEhr> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'chartline-ehr-'));
  const { server, repository } = await openDemoEhr({ dataFolder, ...options });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}${BASE_PATH}`,
    repository,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
