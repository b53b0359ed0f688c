import type {
  Address,
  AllergyIntolerance,
  Appointment,
  CareTeam,
  CodeableConcept,
  Condition,
  DiagnosticReport,
  Encounter,
  Flag,
  MedicationRequest,
  Observation,
  Patient,
  Quantity,
  Reference,
  Resource,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import { coded, conceptText, hasCode, instant, list, practitioner, text } from './fhir-shape.ts';
import { displayName, medicalRecordNumber } from './index-rows.ts';
import type {
  Allergy,
  ChartSummary,
  CodedText,
  Demographics,
  Medication,
  OpenItem,
  PatientId,
  Problem,
  Visit,
  Vital,
} from './types.ts';

/*
 * FHIR resources → the parts of a chart summary. Pure. Each part names the searches it needs, and reads what came back
 * without trusting it: another patient's resource is dropped, a missing element is null.
 */

export type PartName = Exclude<keyof ChartSummary, 'patientId'>;
/** What a part holds once it is there. */
export type PartValue<P extends PartName> = Extract<ChartSummary[P], { readonly value: unknown }>['value'];

type Definition<P extends PartName> = {
  /** FHIR searches (or reads) of this part. */
  readonly ask: (patientId: PatientId, now: Date) => readonly string[];
  readonly read: (resources: readonly Resource[], now: Date) => PartValue<P>;
};

const patient = (id: PatientId) => encodeURIComponent(`Patient/${id}`);
const day = (at: Date, days: number) => new Date(at.getTime() + days * 86_400_000).toISOString().slice(0, 10);

/** How each part is asked for and read. */
export const PARTS: { readonly [P in PartName]: Definition<P> } = {
  demographics: {
    ask: (id) => [`Patient/${encodeURIComponent(id)}`],
    read: (found) => demographics(only<Patient>(found, 'Patient')[0]),
  },
  problems: {
    ask: (id) => [`Condition?patient=${patient(id)}&clinical-status=active&_count=50`],
    read: (found) => problems(only<Condition>(found, 'Condition')),
  },
  allergies: {
    ask: (id) => [`AllergyIntolerance?patient=${patient(id)}&_count=50`],
    read: (found) => allergies(only<AllergyIntolerance>(found, 'AllergyIntolerance')),
  },
  medications: {
    ask: (id) => [`MedicationRequest?patient=${patient(id)}&status=active&_count=50`],
    read: (found) => medications(only<MedicationRequest>(found, 'MedicationRequest')),
  },
  vitals: {
    ask: (id) => [`Observation?patient=${patient(id)}&category=vital-signs&_sort=-date&_count=20`],
    read: (found) => vitals(only<Observation>(found, 'Observation')),
  },
  lastVisit: {
    ask: (id) => [`Encounter?patient=${patient(id)}&_sort=-date&_count=10`],
    read: (found, now) => lastVisit(only<Encounter>(found, 'Encounter'), now),
  },
  nextAppointment: {
    ask: (id, now) => [`Appointment?patient=${patient(id)}&date=ge${day(now, 0)}&_sort=date&_count=10`],
    read: (found, now) => nextAppointment(only<Appointment>(found, 'Appointment'), now),
  },
  openItems: {
    ask: (id, now) => [
      `ServiceRequest?patient=${patient(id)}&status=active&_count=20`,
      `DiagnosticReport?patient=${patient(id)}&date=ge${day(now, -30)}&_sort=-date&_count=20`,
      `Task?patient=${patient(id)}&_sort=-authored-on&_count=20`,
    ],
    read: (found, now) => openItems(found, now),
  },
  careTeam: {
    ask: (id) => [`CareTeam?patient=${patient(id)}&status=active&_count=10`],
    read: (found) => careTeam(only<CareTeam>(found, 'CareTeam')),
  },
  flags: {
    ask: (id) => [`Flag?patient=${patient(id)}&_count=20`],
    read: (found) => flags(only<Flag>(found, 'Flag')),
  },
};

/** Drops what does not say that it is about this patient: an EHR that mixes up charts must not reach a screen. */
export function aboutPatient(resources: readonly Resource[], patientId: PatientId): Resource[] {
  const expected = `Patient/${patientId}`;
  const is = (reference: Reference | undefined) =>
    typeof reference?.reference === 'string' &&
    (reference.reference === expected || reference.reference.endsWith(`/${expected}`));
  return resources.filter((resource) => {
    if (resource?.resourceType === 'Patient') return resource.id === patientId;
    if (resource?.resourceType === 'Appointment') return list(resource.participant).some(({ actor }) => is(actor));
    const {
      subject,
      patient: of,
      for: task,
    } = resource as { subject?: Reference; patient?: Reference; for?: Reference };
    return is(subject) || is(of) || is(task);
  });
}

function demographics(found: Patient | undefined): Demographics {
  if (!found) throw new TypeError('no Patient in the answer');
  const usual = list(found.name).find(({ use }) => use === 'usual' || use === 'nickname');
  const language = list(found.communication).find(({ preferred }) => preferred) ?? list(found.communication)[0];
  const extension = (url: string) => list(found.extension).find((one) => one?.url === url);
  const pronouns = extension('http://hl7.org/fhir/StructureDefinition/individual-pronouns');
  const home = list<Address>(found.address).find(({ use }) => use === 'home') ?? list<Address>(found.address)[0];
  const pcp = list(found.generalPractitioner)
    .map(practitioner)
    .find((one) => one !== null);
  return {
    name: displayName(list(found.name)) ?? 'Name not given',
    preferredName: text(list(usual?.given)[0]),
    pronouns: conceptText(list(pronouns?.extension).find(({ url }) => url === 'value')?.valueCodeableConcept),
    birthDate: text(found.birthDate),
    gender: text(found.gender),
    mrn: medicalRecordNumber(found),
    language: text(list(language?.language?.coding)[0]?.code),
    interpreterNeeded:
      extension('http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired')?.valueBoolean === true,
    pcp: pcp ? { id: pcp.id, name: pcp.name ?? pcp.id } : null,
    address: home ? { state: text(home.state), country: text(home.country) } : null,
  };
}

const SEVERITY: Readonly<Record<string, number>> = { '24484000': 3, '6736007': 2, '255604002': 1 };

/** Active problems; the main one is the most severe, of those the most recently recorded problem-list item. */
function problems(conditions: readonly Condition[]): Problem[] {
  const active = conditions.filter(
    (one) =>
      hasCode(one.clinicalStatus, ['active', 'recurrence', 'relapse']) &&
      !hasCode(one.verificationStatus, ['refuted', 'entered-in-error']),
  );
  const weight = (one: Condition) =>
    (SEVERITY[list(one.severity?.coding)[0]?.code ?? ''] ?? 0) * 2 +
    (list(one.category).some((category) => hasCode(category, ['problem-list-item'])) ? 1 : 0);
  const ordered = active.toSorted(
    (a, b) => weight(b) - weight(a) || (b.recordedDate ?? '').localeCompare(a.recordedDate ?? ''),
  );
  return ordered.map((one, i) => ({
    ...coded(one.code),
    main: i === 0,
    onset: text(one.onsetDateTime) ?? text(one.onsetPeriod?.start),
  }));
}

const CRITICALITY = ['low', 'high', 'unable-to-assess'] as const;

function allergies(found: readonly AllergyIntolerance[]): Allergy[] {
  const order = ['high', 'unable-to-assess', null, 'low'];
  return found
    .filter(
      (one) =>
        !hasCode(one.clinicalStatus, ['inactive', 'resolved']) &&
        !hasCode(one.verificationStatus, ['refuted', 'entered-in-error']),
    )
    .map((one) => ({
      ...coded(one.code),
      criticality: CRITICALITY.find((known) => known === one.criticality) ?? null,
      reaction: conceptText(list(list(one.reaction)[0]?.manifestation)[0]),
    }))
    .toSorted((a, b) => order.indexOf(a.criticality) - order.indexOf(b.criticality));
}

function medications(found: readonly MedicationRequest[]): Medication[] {
  return found
    .filter(({ status, intent }) => status === 'active' && intent !== 'proposal' && intent !== 'plan')
    .map((one) => ({
      ...coded(one.medicationCodeableConcept, one.medicationReference?.display),
      dosage: text(list(one.dosageInstruction)[0]?.text),
    }));
}

/** The newest of each kind, newest first. */
function vitals(found: readonly Observation[]): Vital[] {
  const newest = new Map<string, Vital>();
  const at = (one: Observation) => text(one.effectiveDateTime) ?? text(one.effectivePeriod?.end) ?? text(one.issued);
  const ordered = found
    .filter(({ status }) => ['final', 'amended', 'corrected', 'preliminary'].includes(status))
    .toSorted((a, b) => (at(b) ?? '').localeCompare(at(a) ?? ''));
  for (const one of ordered) {
    const value = observed(one);
    const code = coded(one.code);
    if (value !== null && !newest.has(code.text)) newest.set(code.text, { ...code, value, at: at(one) });
  }
  return [...newest.values()];
}

function observed(one: Observation): string | null {
  const components = list(one.component)
    .map(({ valueQuantity }) => valueQuantity)
    .filter((quantity): quantity is Quantity => typeof quantity?.value === 'number');
  if (components.length === 0) return quantityText(one.valueQuantity) ?? text(one.valueString);
  // Blood pressure: 120/80 mmHg.
  return `${components.map(({ value }) => value).join('/')} ${text(components[0]?.unit) ?? ''}`.trim();
}

function quantityText(quantity: Quantity | undefined): string | null {
  if (typeof quantity?.value !== 'number') return null;
  return `${Math.round(quantity.value * 100) / 100} ${text(quantity.unit) ?? text(quantity.code) ?? ''}`.trim();
}

function lastVisit(found: readonly Encounter[], now: Date): Visit | null {
  const past = found
    .filter(({ status }) => ['finished', 'in-progress'].includes(status))
    .flatMap((one) => visit(one.period?.start, one.participant, [...list(one.reasonCode), ...list(one.type)]))
    .filter(({ at }) => at <= now.toISOString());
  return past.toSorted((a, b) => b.at.localeCompare(a.at))[0] ?? null;
}

function nextAppointment(found: readonly Appointment[], now: Date): Visit | null {
  const next = found
    .filter(({ status }) => ['booked', 'pending', 'arrived', 'checked-in'].includes(status))
    .flatMap((one) => {
      const reasons = [...list(one.reasonCode), { text: one.description }, one.appointmentType];
      return visit(one.start, one.participant, reasons as CodeableConcept[]);
    })
    .filter(({ at }) => at > now.toISOString());
  return next.toSorted((a, b) => a.at.localeCompare(b.at))[0] ?? null;
}

type Participant = { readonly individual?: Reference; readonly actor?: Reference };

/** None when the start is no instant. */
function visit(start: unknown, participants: readonly Participant[] | undefined, reasons: CodeableConcept[]): Visit[] {
  const at = instant(start);
  const who = list(participants)
    .map(({ individual, actor }) => practitioner(individual ?? actor))
    .find((one) => one !== null);
  const reason = reasons.map(conceptText).find((words) => words !== null) ?? null;
  return at ? [{ at, reason, practitioner: who?.name ?? null, practitionerId: who?.id ?? null }] : [];
}

function openItems(found: readonly Resource[], now: Date): OpenItem[] {
  const orders = only<ServiceRequest>(found, 'ServiceRequest').filter(({ status }) => status === 'active');
  const reports = only<DiagnosticReport>(found, 'DiagnosticReport').filter((one) => isOpenResult(one, now));
  const tasks = only<Task>(found, 'Task').filter(({ status }) => OPEN_TASKS.includes(status));
  const item = (kind: OpenItem['kind'], what: CodedText, at: unknown, by: Reference | undefined) => {
    const who = practitioner(by);
    return { kind, ...what, at: text(at), by: who?.name ?? null, byId: who?.id ?? null };
  };
  return [
    ...reports.map((one) =>
      item('result', coded(one.code), one.issued ?? one.effectiveDateTime, responsible(one, orders)),
    ),
    ...tasks.map((one) => item('task', coded(one.code, one.description), one.authoredOn, one.owner)),
    ...orders.map((one) => item('order', coded(one.code), one.authoredOn, one.requester)),
  ];
}

const OPEN_TASKS = ['requested', 'received', 'accepted', 'ready', 'in-progress', 'on-hold'];

/** Not final yet, or final in the past week: what a caller may ask about. */
function isOpenResult(report: DiagnosticReport, now: Date): boolean {
  if (['registered', 'partial', 'preliminary'].includes(report.status)) return true;
  const issued = Date.parse(report.issued ?? report.effectiveDateTime ?? '');
  return ['final', 'amended', 'corrected'].includes(report.status) && now.getTime() - issued < 7 * 86_400_000;
}

/** Who answers for a result: the order's requester, else its interpreter. */
function responsible(report: DiagnosticReport, orders: readonly ServiceRequest[]): Reference | undefined {
  const order = orders.find((one) =>
    list(report.basedOn).some(({ reference }) => reference?.endsWith(`ServiceRequest/${one.id}`)),
  );
  return order?.requester ?? list(report.resultsInterpreter)[0] ?? list(report.performer)[0];
}

function careTeam(found: readonly CareTeam[]): { id: string; name: string }[] {
  const members = found
    .filter(({ status }) => status === undefined || status === 'active')
    .flatMap(({ participant }) => list(participant).map(({ member }) => practitioner(member)))
    .filter((member) => member !== null);
  return [...new Map(members.map(({ id, name }) => [id, { id, name: name ?? id }])).values()];
}

function flags(found: readonly Flag[]): CodedText[] {
  return found.filter(({ status }) => status === 'active').map(({ code }) => coded(code));
}

function only<T extends Resource>(resources: readonly Resource[], type: T['resourceType']): T[] {
  return resources.filter((resource): resource is T => resource.resourceType === type);
}
