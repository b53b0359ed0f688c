import type { ContactPoint, HumanName, Patient, RelatedPerson } from '@medplum/fhirtypes';
import type { Region } from '../sip/address.ts';
import { instant, list, text } from './fhir-shape.ts';
import { parsePhones, type UnusableReason } from './numbers.ts';
import type { MatchRelation, PatientId } from './types.ts';

/*
 * FHIR people → rows of the phone index. Pure. An EHR may send anything, so every element is taken for missing when it
 * is not of the shape that FHIR R4 gives it.
 */

/** A row of `patient_identity`. Dates are ISO. */
export type IdentityRow = {
  readonly patientId: PatientId;
  readonly name: string;
  readonly birthDate: string | null;
  readonly gender: string | null;
  readonly mrn: string | null;
  readonly active: boolean;
  /** Patient.link `replaced-by`: the chart that goes on. */
  readonly mergedInto: PatientId | null;
  readonly sourceUpdatedAt: string | null;
};

/** A row of `patient_phone`. */
export type PhoneRow = {
  readonly number: string;
  readonly patientId: PatientId;
  readonly relation: MatchRelation;
  readonly heldBy: string | null;
  readonly use: string | null;
  readonly rank: number | null;
  readonly validFrom: string | null;
  readonly validUntil: string | null;
  /** `Patient.telecom`, `Patient.contact`, or `RelatedPerson/id`. */
  readonly source: string;
};

/** A row of `phone_problem`: what the clinic may want to mend in a chart. */
export type ProblemRow = {
  readonly patientId: PatientId;
  readonly source: string;
  readonly value: string;
  readonly reason: UnusableReason;
};

export type IndexRows = { readonly phones: readonly PhoneRow[]; readonly problems: readonly ProblemRow[] };

/** A Patient's identity and numbers: their own and those of `Patient.contact`. Null when it has no id. */
export function patientRows(patient: Patient, region: Region): (IndexRows & { identity: IdentityRow }) | null {
  if (!text(patient.id)) return null;
  const patientId = patient.id as string;
  const own = phoneRows(list(patient.telecom), { patientId, source: 'Patient.telecom', heldBy: null }, region);
  const contacts = list(patient.contact).flatMap((contact) => {
    const heldBy = relationshipText(contact?.relationship) ?? 'contact';
    const period = contact?.period;
    const telecom = list(contact?.telecom).map((point) => ({ ...point, period: point?.period ?? period }));
    return [phoneRows(telecom as ContactPoint[], { patientId, source: 'Patient.contact', heldBy }, region)];
  });
  return {
    identity: identityOf(patient, patientId),
    phones: oncePerNumber([...ranked(own.phones), ...contacts.flatMap(({ phones }) => phones)]),
    problems: [own, ...contacts].flatMap(({ problems }) => problems),
  };
}

/** The numbers of a RelatedPerson, under the patient they belong to. Null when it names no patient. */
export function relatedRows(
  related: RelatedPerson,
  region: Region,
): (IndexRows & { patientId: PatientId; source: string }) | null {
  const patientId = /^(?:.*\/)?Patient\/([^/]+)/.exec(text(related.patient?.reference) ?? '')?.[1];
  if (!patientId || !text(related.id)) return null;
  const source = `RelatedPerson/${related.id}`;
  if (related.active === false) return { patientId, source, phones: [], problems: [] };
  const heldBy = relationshipText(related.relationship) ?? 'related person';
  const telecom = list(related.telecom).map((point) => ({ ...point, period: point?.period ?? related.period }));
  const rows = phoneRows(telecom as ContactPoint[], { patientId, source, heldBy }, region);
  return { patientId, source, phones: oncePerNumber(rows.phones), problems: rows.problems };
}

function identityOf(patient: Patient, patientId: string): IdentityRow {
  const replacedBy = list(patient.link).find((link) => link?.type === 'replaced-by');
  return {
    patientId,
    name: displayName(list(patient.name)) ?? 'Name not given',
    birthDate: isoDate(patient.birthDate),
    gender: text(patient.gender),
    mrn: medicalRecordNumber(patient),
    active: patient.active !== false && patient.deceasedBoolean !== true && !text(patient.deceasedDateTime),
    mergedInto: /Patient\/([^/]+)/.exec(text(replacedBy?.other?.reference) ?? '')?.[1] ?? null,
    sourceUpdatedAt: instant(patient.meta?.lastUpdated),
  };
}

type Origin = { readonly patientId: string; readonly source: string; readonly heldBy: string | null };

function phoneRows(telecom: readonly ContactPoint[], origin: Origin, region: Region): IndexRows {
  const phones: PhoneRow[] = [];
  const problems: ProblemRow[] = [];
  const { patientId, source, heldBy } = origin;
  for (const point of telecom) {
    const value = text(point?.value);
    if (value === null || !['phone', 'sms'].includes(point.system ?? 'phone')) continue;
    const { numbers, unusable } = parsePhones(value, region);
    if (unusable) problems.push({ patientId, source, value: value.slice(0, 200), reason: unusable });
    for (const number of numbers)
      phones.push({
        number,
        patientId,
        relation: heldBy === null ? 'alternate' : 'related',
        heldBy: heldBy?.slice(0, 80) ?? null,
        use: text(point.use),
        rank: rankOf(point),
        validFrom: isoDate(point.period?.start),
        validUntil: isoDate(point.period?.end, 'last'),
        source,
      });
  }
  return { phones, problems };
}

/** ContactPoint.rank, a positive integer; what exceeds any sense is none. */
function rankOf({ rank }: ContactPoint): number | null {
  return typeof rank === 'number' && Number.isInteger(rank) && rank > 0 && rank < 1000 ? rank : null;
}

/** The patient's own numbers with one of them primary: lowest rank, then mobile, home, work, then as listed. */
function ranked(own: readonly PhoneRow[]): PhoneRow[] {
  const usual = ['mobile', 'home', null, 'work', 'temp'];
  const weight = (row: PhoneRow) => (row.rank ?? 50) * 10 + ((usual.indexOf(row.use) + 10) % 10);
  const current = own.filter((row) => row.use !== 'old' && row.validUntil === null);
  const first = current.toSorted((a, b) => weight(a) - weight(b))[0];
  return own.map((row) => (row === first ? { ...row, relation: 'primary' } : row));
}

/** One row a number: the strongest that is still in use. */
function oncePerNumber(rows: readonly PhoneRow[]): PhoneRow[] {
  const order = ['primary', 'alternate', 'related', 'household'];
  const weight = (row: PhoneRow) =>
    (row.use === 'old' || row.validUntil !== null ? 10 : 0) + order.indexOf(row.relation);
  const best = new Map<string, PhoneRow>();
  for (const row of rows) {
    const known = best.get(row.number);
    if (!known || weight(row) < weight(known)) best.set(row.number, row);
  }
  return [...best.values()];
}

/** The name in use: official, else usual, else the first that has not ended. */
export function displayName(names: readonly HumanName[]): string | null {
  const current = names.filter((name) => name?.use !== 'old' && !text(name?.period?.end));
  const name =
    current.find(({ use }) => use === 'official') ??
    current.find(({ use }) => use === 'usual') ??
    current[0] ??
    names[0];
  if (!name) return null;
  const spelled = [...list(name.given), name.family].map(text).filter((part) => part !== null);
  return spelled.length > 0 ? spelled.join(' ') : text(name.text);
}

/** Patient.identifier of type MR; else the usual one. */
export function medicalRecordNumber(patient: Patient): string | null {
  const identifiers = list(patient.identifier);
  const typed = identifiers.find((identifier) =>
    list(identifier?.type?.coding).some((coding) => coding?.code === 'MR'),
  );
  return text((typed ?? identifiers.find((identifier) => identifier?.use === 'usual'))?.value);
}

function relationshipText(relationship: unknown): string | null {
  const concepts = list(relationship as { text?: string; coding?: { display?: string; code?: string }[] }[]);
  for (const concept of concepts) {
    const coding = list(concept?.coding)[0];
    const words = text(concept?.text) ?? text(coding?.display) ?? RELATIONSHIPS[coding?.code ?? ''];
    if (words) return words.toLowerCase();
  }
  return null;
}

/** HL7 v3 RoleCode and v2 0131, as far as charts use them for people who call. */
const RELATIONSHIPS: Readonly<Record<string, string>> = {
  MTH: 'mother',
  FTH: 'father',
  PRN: 'parent',
  SPS: 'spouse',
  HUSB: 'husband',
  WIFE: 'wife',
  CHILD: 'child',
  DAUC: 'daughter',
  SONC: 'son',
  SIB: 'sibling',
  GUARD: 'guardian',
  GRPRN: 'grandparent',
  CAREGIVER: 'caregiver',
  C: 'emergency contact',
  N: 'next of kin',
};

/** A whole date; of FHIR's year or month alone its first day, or its last. */
function isoDate(value: unknown, day: 'first' | 'last' = 'first'): string | null {
  const [, year, month, given] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?/.exec(text(value) ?? '') ?? [];
  if (!year || Number(year) < 1800) return null;
  const known = new Date(`${year}-${month ?? '01'}-${given ?? '01'}T00:00:00Z`);
  if (Number.isNaN(known.getTime())) return null;
  if (day === 'last' && !given) known.setUTCFullYear(known.getUTCFullYear(), month ? known.getUTCMonth() + 1 : 12, 0);
  return known.toISOString().slice(0, 10);
}
