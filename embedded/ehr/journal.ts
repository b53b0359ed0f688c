import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';

export type Write = { readonly put: Resource } | { readonly deleted: string };

/** What clients wrote, one JSON line a write, so that it survives a restart of the demonstration EHR. */
export class Journal {
  readonly #file: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#file = join(folder, 'journal.ndjson');
  }

  /** Every whole write, oldest first; a line that a crash cut off is left out. */
  read(): Write[] {
    if (!existsSync(this.#file)) return [];
    return readFileSync(this.#file, 'utf8').split('\n').flatMap(parse);
  }

  append(write: Write): void {
    // The newline comes first too, so that a cut-off line before it cannot swallow this one.
    appendFileSync(this.#file, `\n${JSON.stringify(write)}\n`, { mode: 0o600 });
  }
}

function parse(line: string): Write[] {
  if (line === '') return [];
  try {
    return [JSON.parse(line) as Write];
  } catch {
    return [];
  }
}
