import { appendFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import type { CallRecord, Clinic } from './clinic.ts';
import { lastingPorts } from './free-ports.ts';
import { until } from './until.ts';

/** One row of docs/drills.md. */
export type Drill = {
  readonly broken: string;
  readonly callersHeard: string;
  readonly offered: number;
  readonly answered: number;
  readonly lost: number;
  readonly events: string;
  /** From the fault to the first thing that works again. */
  readonly recoveredMs: number | null;
};

/** Adds the row to the file that `npm run test:chaos` prints, when it runs the drills. */
export function report({ broken, callersHeard, offered, answered, lost, events, recoveredMs }: Drill): void {
  const recovered = recoveredMs === null ? '-' : `${(recoveredMs / 1000).toFixed(1)} s`;
  const row = `| ${[broken, callersHeard, offered, answered, lost, events, recovered].join(' | ')} |\n`;
  const file = process.env.CHARTLINE_DRILLS;
  if (file) appendFileSync(file, row);
}

/** Ports that stay free while a part that was killed is not back yet. */
export async function steadyPorts(): Promise<Record<string, string>> {
  const names = [
    'CHARTLINE_HTTP_PORT',
    'CHARTLINE_SIP_PORT',
    'DRACHTIO_PORT',
    'FREESWITCH_PORT',
    'CHARTLINE_ESL_PORT',
    'EMBEDDED_MEDIA_SIP_PORT',
    'EMBEDDED_EHR_PORT',
    'CHARTLINE_FORK_PORT',
    'CHARTLINE_READER_PORT',
  ];
  const ports = await lastingPorts(names.length);
  return Object.fromEntries(names.map((name, index) => [name, String(ports[index])]));
}

/** Kills a part as a crash does; resolves when the supervisor has its next process, with when it was killed. */
export async function crash(clinic: Clinic, part: string): Promise<number> {
  const pid = clinic.pid(part);
  const killedAt = Date.now();
  process.kill(pid, 'SIGKILL');
  await until(() => (clinic.pid(part) !== pid ? true : null), `a new ${part}`, 20_000);
  return killedAt;
}

/** Resolves when the app takes calls: it answers on HTTP last of all. */
export function appIsUp(clinic: Clinic): Promise<true> {
  const asked = () =>
    fetch(`${clinic.url}/healthz`).then(
      () => true as const,
      () => null,
    );
  return until(asked, 'the app to be up', 30_000);
}

/** Every event of the call is stored, once, and none is missing between the first and the last. */
export async function expectWholeRecord(clinic: Clinic, record: CallRecord): Promise<number> {
  const events = await until(async () => {
    const rows = await clinic.rows('select sequence, kind from call_event where call_id = $1 order by sequence', [
      record.id,
    ]);
    return rows.at(-1)?.kind === 'ended' ? rows : null;
  }, 'the last event of the call');
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  const told = await clinic.rows(`select from outbox where subject = $1 and topic = 'call.ended'`, [
    `call:${record.id}`,
  ]);
  expect(told).toHaveLength(1);
  return events.length;
}
