import type { Role } from '../app/api-types.ts';
import type { LocationSeed } from '../db/seed-emergency.ts';
import { EXAMPLES, PRACTITIONERS } from './ehr/examples.ts';

/** The demonstration clinic as phones and people see it; its patients are in `embedded/ehr`. */
export const demoClinic = {
  timeZone: 'America/New_York',
  /** All-party consent: every call hears the recording notice. */
  usState: 'MD',
  mainLine: '+12025550100',
  /** Where an emergency crew would look for it. */
  location: {
    name: 'clinic',
    state: 'MD',
    city: 'Silver Spring',
    houseNumber: '1200',
    street: 'Main Street',
    postalCode: '20910',
    floor: '2',
  },
  lines: [
    { number: '+12025550100', name: 'Main line', practitionerId: null },
    { number: '+12025550101', name: 'Dr. Ruiz, direct', practitionerId: PRACTITIONERS.ruiz.id },
    { number: '+12025550102', name: 'Dr. Okafor, direct', practitionerId: PRACTITIONERS.okafor.id },
    { number: '+12025550103', name: 'Dr. Lindqvist, direct', practitionerId: PRACTITIONERS.lindqvist.id },
  ],
  teams: [
    { name: 'front-desk', title: 'Front desk' },
    { name: 'scheduling', title: 'Scheduling' },
    { name: 'nurse-triage', title: 'Nurse triage' },
  ],
  staff: [
    { extension: '201', name: PRACTITIONERS.ruiz.name, practitionerId: PRACTITIONERS.ruiz.id, team: null },
    { extension: '202', name: PRACTITIONERS.okafor.name, practitionerId: PRACTITIONERS.okafor.id, team: null },
    { extension: '203', name: PRACTITIONERS.lindqvist.name, practitionerId: PRACTITIONERS.lindqvist.id, team: null },
    { extension: '210', name: 'Abena Mensah, RN', practitionerId: 'pract-mensah', team: 'nurse-triage' },
    { extension: '211', name: 'Oriol Castell, RN', practitionerId: 'pract-castell', team: 'nurse-triage' },
    { extension: '220', name: 'Priya Natarajan', practitionerId: null, team: 'scheduling' },
    { extension: '221', name: 'Marcus Bell', practitionerId: null, team: 'scheduling' },
    { extension: '230', name: 'June Alvarado', practitionerId: null, team: 'front-desk' },
  ],
  logins: [
    { login: 'frontdesk', name: 'June Alvarado', role: 'front-desk', extension: '230' },
    { login: 'nurse', name: 'Abena Mensah, RN', role: 'nurse', extension: '210' },
    { login: 'drruiz', name: PRACTITIONERS.ruiz.name, role: 'provider', extension: '201' },
    { login: 'supervisor', name: 'Supervisor', role: 'supervisor', extension: null },
    { login: 'admin', name: 'Administrator', role: 'admin', extension: null },
    { login: 'privacy', name: 'Privacy officer', role: 'privacy-officer', extension: null },
  ],
} as const satisfies DemoClinic;

/** Who to call as, to see each kind of caller. */
export const demoCallers = [
  { number: EXAMPLES.known.number, who: `${EXAMPLES.known.name}, a patient of Dr. Ruiz` },
  {
    number: EXAMPLES.family.number,
    who: `the Haddad family, ${EXAMPLES.family.patientIds.length} patients on one number`,
  },
  { number: EXAMPLES.openResult.number, who: `${EXAMPLES.openResult.name}, for whom a result waits` },
  { number: EXAMPLES.unknown.number, who: 'nobody the clinic knows' },
] as const;

export type DemoClinic = {
  readonly timeZone: string;
  readonly usState: string;
  readonly mainLine: string;
  readonly location: LocationSeed;
  readonly lines: readonly { readonly number: string; readonly name: string; readonly practitionerId: string | null }[];
  readonly teams: readonly { readonly name: string; readonly title: string }[];
  readonly staff: readonly {
    readonly extension: string;
    readonly name: string;
    readonly practitionerId: string | null;
    readonly team: string | null;
  }[];
  readonly logins: readonly {
    readonly login: string;
    readonly name: string;
    readonly role: Role;
    readonly extension: string | null;
  }[];
};
