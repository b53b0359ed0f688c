import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A path under ../shared/data beside the project (CHARTLINE_SHARED moves ../shared); null, and said so, when it is absent. */
export function sharedData(path: string): string | null {
  const folder = process.env.CHARTLINE_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
  const found = join(folder, 'data', path);
  if (existsSync(found)) return found;
  console.warn(`left out: third-party test data ${path} is not beside this clone`);
  return null;
}
