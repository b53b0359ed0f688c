import type { Appointment, DiagnosticReport, Patient, RelatedPerson, Resource } from '@medplum/fhirtypes';
import type { Db } from '../db/db.ts';
import {
  type ActivityRow,
  followMerges,
  moveRelatives,
  saveActivity,
  saveIdentities,
  savePhones,
  saveProblems,
} from '../db/patients.ts';
import { removeUnseenPatients, removeUnseenRelatives } from '../db/sync.ts';
import type { Region } from '../sip/address.ts';
import { instant, list } from './fhir-shape.ts';
import { patientRows, relatedRows } from './index-rows.ts';
import type { PatientId } from './types.ts';

/** One FHIR resource type that the index is made of. */
export type SyncSource = {
  readonly type: 'Patient' | 'RelatedPerson' | 'Appointment' | 'DiagnosticReport';
  /** Narrows what is read. */
  readonly where: (now: Date) => Readonly<Record<string, string | string[]>>;
  /** Stores whole resources, each at most once in the list; gives the patients that changed. */
  readonly store: (db: Db, resources: readonly Resource[]) => Promise<readonly PatientId[]>;
  /** Removes what a full read has not met; absent: old rows go by their date. */
  readonly removeUnseen?: (db: Db) => Promise<number>;
};

const day = (now: Date, days: number) => new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10);

/** What is read, in this order: people before what refers to them. */
export function syncSources(region: Region): readonly SyncSource[] {
  return [
    {
      type: 'Patient',
      where: () => ({}),
      store: (db, resources) => storePatients(db, resources as Patient[], region),
      removeUnseen: removeUnseenPatients,
    },
    {
      type: 'RelatedPerson',
      where: () => ({}),
      store: (db, resources) => storeRelatives(db, resources as RelatedPerson[], region),
      removeUnseen: removeUnseenRelatives,
    },
    {
      type: 'Appointment',
      where: (now) => ({ date: [`ge${day(now, -1)}`, `le${day(now, 14)}`] }),
      store: (db, resources) => storeActivity(db, (resources as Appointment[]).flatMap(appointmentRows)),
    },
    {
      type: 'DiagnosticReport',
      where: (now) => ({ date: `ge${day(now, -14)}` }),
      store: (db, resources) => storeActivity(db, (resources as DiagnosticReport[]).flatMap(resultRows)),
    },
  ];
}

async function storePatients(db: Db, patients: readonly Patient[], region: Region): Promise<readonly PatientId[]> {
  const rows = patients.map((patient) => patientRows(patient, region)).filter((row) => row !== null);
  const owners = rows.flatMap(({ identity: { patientId } }) => [
    { patientId, source: 'Patient.telecom' },
    { patientId, source: 'Patient.contact' },
  ]);
  const changed = await saveIdentities(
    db,
    rows.map(({ identity }) => identity),
  );
  await savePhones(
    db,
    owners,
    rows.flatMap(({ phones }) => phones),
  );
  await saveProblems(
    db,
    owners,
    rows.flatMap(({ problems }) => problems),
  );
  if (rows.some(({ identity }) => identity.mergedInto !== null)) await followMerges(db);
  return changed;
}

async function storeRelatives(
  db: Db,
  related: readonly RelatedPerson[],
  region: Region,
): Promise<readonly PatientId[]> {
  const rows = related.map((one) => relatedRows(one, region)).filter((row) => row !== null);
  await moveRelatives(db, rows);
  await savePhones(
    db,
    rows,
    rows.flatMap(({ phones }) => phones),
  );
  await saveProblems(
    db,
    rows,
    rows.flatMap(({ problems }) => problems),
  );
  return [];
}

async function storeActivity(db: Db, rows: readonly ActivityRow[]): Promise<readonly PatientId[]> {
  await saveActivity(db, rows);
  return [];
}

function appointmentRows(appointment: Appointment): ActivityRow[] {
  const patientId = list(appointment.participant)
    .map(({ actor }) => /Patient\/([^/]+)/.exec(actor?.reference ?? '')?.[1])
    .find((id) => id !== undefined);
  if (!patientId) return [];
  const stands = ['booked', 'pending', 'arrived', 'checked-in', 'waitlist'].includes(appointment.status);
  const at = stands ? instant(appointment.start) : null;
  return [{ source: `Appointment/${appointment.id}`, patientId, kind: 'appointment', at }];
}

function resultRows(report: DiagnosticReport): ActivityRow[] {
  const patientId = /Patient\/([^/]+)/.exec(report.subject?.reference ?? '')?.[1];
  if (!patientId) return [];
  const stands = !['entered-in-error', 'cancelled', 'unknown'].includes(report.status);
  const at = stands ? instant(report.issued ?? report.effectiveDateTime) : null;
  return [{ source: `DiagnosticReport/${report.id}`, patientId, kind: 'result', at }];
}
