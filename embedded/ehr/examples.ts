/*
 * Named people of the demonstration EHR, fixed for good: the demo calls from their numbers and tests rely on them.
 * Light on purpose (no imports), so that anything may read it. Numbers are of the fixture ranges 555-01xx.
 */

export const PRACTITIONERS = {
  ruiz: { id: 'pract-ruiz', name: 'Dr. Elena Ruiz' },
  okafor: { id: 'pract-okafor', name: 'Dr. Samuel Okafor' },
  lindqvist: { id: 'pract-lindqvist', name: 'Dr. Anna Lindqvist' },
} as const;

export const EXAMPLES = {
  /** One patient, primary mobile; PCP Dr. Ruiz; a visit last week; severe penicillin allergy. */
  known: { number: '+12025550143', patientId: 'pat-achebe', name: 'Rosalind Achebe', pcp: 'pract-ruiz' },
  /** A household line: a mother (PCP Dr. Lindqvist) and her two children. */
  family: {
    number: '+12025550127',
    patientIds: ['pat-haddad-leila', 'pat-haddad-noor', 'pat-haddad-sami'],
    names: ['Leila Haddad', 'Noor Haddad', 'Sami Haddad'],
  },
  /** On no chart. */
  unknown: { number: '+12025550199' },
  /** A new result waits, ordered by Dr. Okafor, who is also the PCP. */
  openResult: { number: '+13015550118', patientId: 'pat-tran', name: 'Quang Tran', orderedBy: 'pract-okafor' },
  /** Spanish, needs an interpreter; PCP Dr. Ruiz; appointment tomorrow. */
  spanish: { number: '+14105550164', patientId: 'pat-villasenor', name: 'Graciela Villaseñor' },
  /** A daughter who calls for her father: the number is on a RelatedPerson, not on his chart. */
  related: { number: '+15715550135', patientId: 'pat-petrov', name: 'Grigor Petrov', heldBy: 'daughter' },
  /** The number she had until last year: must not match any more. */
  formerNumber: { number: '+12025550171', patientId: 'pat-okonkwo' },
  /** Her number since. */
  newNumber: { number: '+12025550172', patientId: 'pat-okonkwo', name: 'Adaeze Okonkwo' },
  /** Written '(301) 555.0156 x12' in the chart; matched all the same. */
  oddFormat: { number: '+13015550156', patientId: 'pat-lund', name: 'Sigrid Lund' },
  /** A care home's switchboard, on nine charts: never a person. */
  facility: { number: '+12025550190' },
  /** Safety flag and a confidential-communication request; PCP Dr. Okafor. */
  flagged: { number: '+14435550149', patientId: 'pat-bellamy', name: 'Corin Bellamy' },
} as const;
