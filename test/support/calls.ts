import { randomUUID } from 'node:crypto';
import type { CandidateView, CardView } from '../../app/api-types.ts';
import { arrivingCall, type LiveCall } from '../../app/live-calls.ts';

const fresh = <T>(value: T) => ({ state: 'fresh', asOf: '2026-11-22T15:00:00.000Z', value }) as const;

export function aCandidate(over: Partial<CandidateView> = {}): CandidateView {
  return {
    patientId: 'pat-maria',
    name: 'Maria Alvarez',
    ageYears: 67,
    birthDate: '1959-03-14',
    gender: 'female',
    mrn: 'MRN-10234',
    relation: 'primary',
    heldBy: null,
    because: 'her mobile number',
    ...over,
  };
}

export function aCard(over: Partial<CardView> = {}): CardView {
  return {
    patientId: 'pat-maria',
    preferredName: fresh('Mari'),
    pronouns: fresh('she/her'),
    language: fresh('es'),
    interpreterNeeded: true,
    pcp: fresh('Dr Elena Ruiz'),
    problems: fresh([
      { text: 'Type 2 diabetes', main: true },
      { text: 'Hypertension', main: false },
    ]),
    allergies: fresh([
      { text: 'Penicillin', criticality: 'high', reaction: 'anaphylaxis' },
      { text: 'Latex', criticality: 'low', reaction: 'rash' },
    ]),
    medications: fresh([
      { text: 'Metformin 500 mg', dosage: 'twice a day' },
      { text: 'Lisinopril 10 mg', dosage: 'every morning' },
      { text: 'Atorvastatin 20 mg', dosage: 'at night' },
    ]),
    vitals: fresh([
      { text: 'Blood pressure', value: '142/88 mmHg', at: '2026-11-10T14:00:00.000Z' },
      { text: 'HbA1c', value: '7.9 %', at: '2026-11-10T14:00:00.000Z' },
    ]),
    lastVisit: fresh({ at: '2026-11-10T14:00:00.000Z', reason: 'Diabetes follow-up', practitioner: 'Dr Elena Ruiz' }),
    nextAppointment: fresh({ at: '2026-11-24T15:30:00.000Z', reason: 'Foot exam', practitioner: 'Dr Elena Ruiz' }),
    openItems: fresh([
      { kind: 'result', text: 'Potassium, not yet reviewed', at: '2026-11-20T09:00:00.000Z' },
      { kind: 'order', text: 'Retinal photography referral', at: '2026-11-10T14:10:00.000Z' },
    ]),
    flags: fresh(['Fall risk']),
    ...over,
  };
}

/** A call that rings Dr Ruiz, from a number that is Maria's alone. */
export function aCall(over: Partial<LiveCall> = {}): LiveCall {
  return arrivingCall({
    callId: randomUUID(),
    startedAt: new Date().toISOString(),
    line: '+12025550100',
    lineName: 'Main line',
    state: 'ringing',
    callerNumber: '+12025550143',
    callerName: 'ALVAREZ M',
    match: 'one',
    assurance: 1,
    assuranceBecause: 'the number belongs to one patient',
    candidates: [aCandidate()],
    patientId: 'pat-maria',
    card: aCard(),
    intent: 'refill',
    ringing: ['Dr Elena Ruiz (ext 201)'],
    extensions: ['201'],
    decision: { rule: 'Known patient to PCP', because: 'PCP is available' },
    recording: 'on',
    ...over,
  });
}
