import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../app/supervisor/process-identity.ts';
import { lastingPorts } from './free-ports.ts';
import { Program, root } from './program.ts';

const portSettings = [
  'CHARTLINE_HTTP_PORT',
  'CHARTLINE_SIP_PORT',
  'DRACHTIO_PORT',
  'FREESWITCH_PORT',
  'CHARTLINE_ESL_PORT',
  'EMBEDDED_MEDIA_SIP_PORT',
  'EMBEDDED_POSTGRES_PORT',
  'EMBEDDED_EHR_PORT',
  'EMBEDDED_EMERGENCY_PORT',
  'CHARTLINE_FORK_PORT',
  'CHARTLINE_READER_PORT',
] as const;
export type SystemSettings = Record<(typeof portSettings)[number], string> & { CHARTLINE_DATA: string };

/** Settings of a whole Chartline on ports of its own. */
export async function systemSettings(dataDir: string): Promise<SystemSettings> {
  const ports = await lastingPorts(portSettings.length);
  const byName = Object.fromEntries(portSettings.map((name, index) => [name, String(ports[index])]));
  return { ...byName, CHARTLINE_DATA: dataDir } as SystemSettings;
}

const ours = /^(CHARTLINE|EMBEDDED|DRACHTIO|FREESWITCH|FHIR|EHR|DATABASE)_/;

/** `npm start` as a newcomer types it, in a process group of its own as a terminal gives it. */
export function npmStart(settings: SystemSettings): Program {
  return new Program('npm', ['start'], { env: environment(settings), detached: true });
}

export function environment(settings: SystemSettings): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !ours.test(name) && !name.startsWith('npm_'));
  return { ...Object.fromEntries(inherited), ...settings };
}

/** Pids of the parts by name, as the supervisor lists them. */
export function parts(settings: SystemSettings): Record<string, number> {
  const list = JSON.parse(readFileSync(join(settings.CHARTLINE_DATA, 'run', 'processes.json'), 'utf8')) as Record<
    string,
    ProcessIdentity
  >;
  return Object.fromEntries(Object.entries(list).map(([name, { pid }]) => [name, pid]));
}

export const ready = /Chartline is ready after ([\d.]+) s/;
export { root };
