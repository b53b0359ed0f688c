import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import { indexDefinitions } from './definitions.ts';
import { Journal } from './journal.ts';
import { demoClinic } from './population.ts';
import { DemoRepository } from './repository.ts';
import { ehrServer } from './server.ts';

export type DemoEhr = { readonly server: Server; readonly repository: DemoRepository };

/**
 * The demonstration EHR, not yet listening: the generated clinic (or `resources`), then whatever clients wrote before.
 * Its state is in `dataFolder`/ehr.
 */
export async function openDemoEhr(options: {
  readonly dataFolder: string;
  readonly now?: Date;
  readonly resources?: Iterable<Resource>;
}): Promise<DemoEhr> {
  const folder = join(options.dataFolder, 'ehr');
  indexDefinitions(folder);
  const repository = new DemoRepository();
  for (const resource of options.resources ?? demoClinic(options.now ?? new Date()))
    await repository.createResource(resource);
  const journal = new Journal(folder);
  for (const write of journal.read())
    if ('put' in write) await repository.createResource(write.put);
    else await forget(repository, write.deleted);
  repository.record(journal);
  return { server: ehrServer(repository), repository };
}

async function forget(repository: DemoRepository, reference: string): Promise<void> {
  const [type = '', id = ''] = reference.split('/');
  // Absent already: the generated clinic of today lacks it.
  await repository.deleteResource(type, id).catch(() => {});
}
