import { open, readFile } from 'node:fs/promises';
import { type AuditAnchor, readHead } from './audit.ts';
import type { Db } from './db.ts';

/** Notes the chain's head in `file`, a second place that whoever can change the database need not reach. Once a day will do. */
export async function anchorAudit(db: Db, file: string): Promise<AuditAnchor> {
  const head = await readHead(db);
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.appendFile(`${JSON.stringify({ at: new Date().toISOString(), ...head })}\n`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  return head;
}

/** The anchors in `file`; none when it is not there. Throws at a line that is none: then the file was changed. */
export async function readAnchors(file: string): Promise<AuditAnchor[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line, index) => {
    const anchor = parseLine(line);
    if (!anchor) throw new Error(`${file} line ${index + 1} is not an anchor`);
    return anchor;
  });
}

function parseLine(line: string): AuditAnchor | null {
  try {
    const { sequence, hash } = JSON.parse(line) as Partial<AuditAnchor>;
    return typeof sequence === 'number' && /^[0-9a-f]{64}$/.test(hash ?? '') ? { sequence, hash: hash ?? '' } : null;
  } catch {
    return null;
  }
}
