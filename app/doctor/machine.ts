import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bad, type Finding, ok, warn } from './finding.ts';

const gigabyte = 1_000_000_000;

/** Disk and clock of this machine, as far as it tells. */
export function checkMachine(dataFolder: string): Finding[] {
  if (!existsSync(dataFolder)) return [warn(`${dataFolder} is not there yet: npm start makes it`), clock()];
  return [folderMode(dataFolder), freeSpace(dataFolder), encryption(dataFolder), clock()];
}

function folderMode(folder: string): Finding {
  const open = statSync(folder).mode & 0o077;
  return open === 0 ? ok('the data folder is its owner’s only') : bad(`${folder} is open to others: chmod 700`);
}

// A minute of a recorded call takes about 1 MB sealed; the database grows far slower.
function freeSpace(folder: string): Finding {
  const { bavail, blocks, bsize } = statfsSync(folder);
  const text = `${((bavail * bsize) / gigabyte).toFixed(1)} GB free for recordings`;
  if (bavail * bsize < gigabyte) return bad(`${text}: calls go unrecorded when the disk is full`);
  return bavail < blocks / 10 ? warn(`${text}, less than a tenth of the disk`) : ok(text);
}

/** Whether the folder's disk, or one below it, is dm-crypt. */
function encryption(folder: string): Finding {
  const { dev } = statSync(folder);
  // makedev(3): minor in bits 0-7 and 20-31, major in 8-19.
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const device = `/sys/dev/block/${major}:${minor}`;
  return isEncrypted(device)
    ? ok('the disk is encrypted (dm-crypt)')
    : warn('the disk shows no encryption, and the database holds patients: encrypt it, or its storage');
}

function isEncrypted(device: string): boolean {
  try {
    const uuid = join(device, 'dm/uuid');
    if (existsSync(uuid) && readFileSync(uuid, 'utf8').startsWith('CRYPT-')) return true;
    const below = join(device, 'slaves');
    return existsSync(below) && readdirSync(below).some((slave) => isEncrypted(join('/sys/class/block', slave)));
  } catch {
    return false;
  }
}

function clock(): Finding {
  try {
    const options = ['show', '--property=NTPSynchronized', '--value'];
    const answer = execFileSync('timedatectl', options, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return answer === 'yes'
      ? ok('the clock is synchronised')
      : bad('the clock is not synchronised: opening hours, tokens and the audit log depend on it');
  } catch {
    return warn('whether the clock is synchronised cannot be told here (no timedatectl)');
  }
}
