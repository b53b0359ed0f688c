import { randomInt } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** The values in `file` (0600), a new secret added under each of `names` that has none yet. */
export function secretFile<Name extends string>(file: string, names: readonly Name[]): Readonly<Record<Name, string>> {
  const known = readSecrets(file);
  const missing = names.filter((name) => known[name] === undefined);
  const all = { ...known, ...Object.fromEntries(missing.map((name) => [name, newSecret()])) } as Record<Name, string>;
  if (missing.length > 0) {
    writeFileSync(`${file}.new`, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  }
  return all;
}

function readSecrets(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

// Letters and digits that cannot be mistaken when typed into a desk phone: 16 of 54, some 92 bits.
const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** A secret that a person can type into a desk phone. */
export function newSecret(): string {
  return Array.from({ length: 16 }, () => alphabet[randomInt(alphabet.length)]).join('');
}
