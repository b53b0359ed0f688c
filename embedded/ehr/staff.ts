import type { Practitioner, PractitionerRole, Reference, Resource } from '@medplum/fhirtypes';
import { PRACTITIONERS } from './examples.ts';

export const CLINIC = { id: 'org-cedar', name: 'Cedar Family Clinic' } as const;

type StaffMember = { id: string; name: string; prefix?: string; given: string; family: string; role: string };
const nurse = (id: string, given: string, family: string): StaffMember => ({
  id,
  name: `${given} ${family}, RN`,
  given,
  family,
  role: 'Registered nurse',
});
const doctor = (who: { id: string; name: string }, role: string): StaffMember => {
  const [prefix = '', given = '', family = ''] = who.name.split(' ');
  return { id: who.id, name: who.name, prefix, given, family, role };
};

export const DOCTORS = Object.values(PRACTITIONERS);
export const NURSES = [nurse('pract-mensah', 'Abena', 'Mensah'), nurse('pract-castell', 'Oriol', 'Castell')] as const;

const MEMBERS: readonly StaffMember[] = [
  doctor(PRACTITIONERS.ruiz, 'Family medicine physician'),
  doctor(PRACTITIONERS.okafor, 'Internal medicine physician'),
  doctor(PRACTITIONERS.lindqvist, 'Pediatrician'),
  ...NURSES,
];

/** Reference to a member of the clinic's staff, with the name that screens show. */
export function practitioner(who: { id: string; name: string }): Reference<Practitioner> {
  return { reference: `Practitioner/${who.id}`, display: who.name };
}

/** The clinic, its people and their roles. */
export function staffResources(): Resource[] {
  return [
    { resourceType: 'Organization', id: CLINIC.id, name: CLINIC.name, active: true },
    ...MEMBERS.flatMap((member): [Practitioner, PractitionerRole] => [
      {
        resourceType: 'Practitioner',
        id: member.id,
        active: true,
        name: [
          {
            text: member.name,
            family: member.family,
            given: [member.given],
            ...(member.prefix ? { prefix: [member.prefix] } : {}),
          },
        ],
      },
      {
        resourceType: 'PractitionerRole',
        id: `role-${member.id}`,
        active: true,
        practitioner: practitioner(member),
        organization: { reference: `Organization/${CLINIC.id}`, display: CLINIC.name },
        code: [{ text: member.role }],
      },
    ]),
  ];
}
