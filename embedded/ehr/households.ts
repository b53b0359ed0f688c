import type { Address, ContactPoint, Patient, RelatedPerson } from '@medplum/fhirtypes';
import { EXAMPLES } from './examples.ts';
import { FAMILY, GIVEN, STREETS, TOWNS } from './names.ts';
import { type PersonSpec, patientResource, phone } from './patient.ts';
import type { Random } from './random.ts';
import { DOCTORS } from './staff.ts';

export type People = { readonly patients: Patient[]; readonly relatives: RelatedPerson[] };

/** Generated families and singles until there are `count` patients, nine of them in one care home. */
export function households(random: Random, count: number): People {
  const clinic = new Households(random);
  clinic.careHome(9);
  while (clinic.patients.length < count) clinic.household(count - clinic.patients.length);
  return clinic;
}

/** Area codes whose 555-01xx block is handed out; the numbers of `EXAMPLES` and 202-555-010x (the clinic's lines) are kept free. */
const AREA_CODES = ['202', '240', '301', '410', '443', '571', '667', '703'];
const TAKEN =
  /^(202555010\d|2025550(127|143|171|172|190|199)|3015550(118|156|191)|4105550164|4435550149|5715550(128|135)|7035550181)$/;

/** Ways in which front desks type a ten-digit number. */
const FORMATS: readonly ((n: string) => string)[] = [
  (n) => `(${n.slice(0, 3)}) ${n.slice(3, 6)}-${n.slice(6)}`,
  (n) => `${n.slice(0, 3)}-${n.slice(3, 6)}-${n.slice(6)}`,
  (n) => `${n.slice(0, 3)}.${n.slice(3, 6)}.${n.slice(6)}`,
  (n) => n,
  (n) => `+1${n}`,
  (n) => `1-${n.slice(0, 3)}-${n.slice(3, 6)}-${n.slice(6)}`,
  (n) => ` ${n.slice(0, 3)} ${n.slice(3, 6)} ${n.slice(6)} `,
  (n) => `${n.slice(0, 3)}-${n.slice(3, 6)}-${n.slice(6)} ext. 4`,
];
const UNUSABLE = ['n/a', '555-0100', 'see daughter', '000-000-0000', 'disconnected'];

class Households implements People {
  readonly patients: Patient[] = [];
  readonly relatives: RelatedPerson[] = [];
  readonly #random: Random;
  readonly #numbers: Iterator<string>;

  constructor(random: Random) {
    this.#random = random;
    this.#numbers = freeNumbers();
  }

  /** Residents whose only number is the switchboard. */
  careHome(residents: number): void {
    const address = this.#address();
    for (let i = 0; i < residents; i++)
      this.#add({
        family: this.#random.pick(FAMILY),
        birthDate: this.#birthDate(78, 96),
        address,
        telecom: [phone(FORMATS[i % 3]?.(EXAMPLES.facility.number.slice(2)) ?? '', 'home')],
      });
  }

  /** One family with a shared home line now and then, at most `room` people. */
  household(room: number): void {
    const random = this.#random;
    const family = random.pick(FAMILY);
    const address = this.#address();
    const adults = random.chance(0.55) ? 2 : 1;
    const children = random.chance(0.45) ? random.int(1, 3) : 0;
    const home = random.chance(0.5) ? this.#number() : null;
    const spanish = random.chance(0.12);
    const shared = { family, address, ...(spanish ? { language: 'es', interpreter: random.chance(0.5) } : {}) };
    let firstMobile: ContactPoint | null = null;
    for (let i = 0; i < Math.min(adults, room); i++) {
      const mobile = phone(this.#format(this.#number()), 'mobile', { rank: 1 });
      firstMobile ??= mobile;
      const telecom = [...this.#former(), mobile];
      if (home) telecom.push(phone(this.#format(home), 'home', { rank: 2 }));
      if (random.chance(0.06)) telecom.push(phone(random.pick(UNUSABLE), 'work'));
      this.#add({ ...shared, birthDate: this.#birthDate(24, 82), telecom });
    }
    for (let i = 0; i < Math.min(children, room - adults); i++)
      this.#child(shared, home ? [phone(this.#format(home), 'home')] : [], firstMobile);
  }

  /** A child reached through a parent: as Patient.contact, or as a RelatedPerson of their own. */
  #child(shared: Pick<PersonSpec, 'family' | 'address'>, telecom: ContactPoint[], parentMobile: ContactPoint | null) {
    const asContact = this.#random.chance(0.5);
    const relationship = [{ text: this.#random.chance(0.6) ? 'mother' : 'father' }];
    const reach = parentMobile ? [parentMobile] : [];
    const id = this.#add({
      ...shared,
      birthDate: this.#birthDate(1, 17),
      telecom,
      ...(asContact ? { contact: [{ relationship, telecom: reach }] } : {}),
    });
    if (!asContact)
      this.relatives.push({
        resourceType: 'RelatedPerson',
        id: `rel-${id.slice(4)}`,
        active: true,
        patient: { reference: `Patient/${id}` },
        relationship,
        telecom: reach,
      });
  }

  #add(person: Pick<PersonSpec, 'family' | 'address' | 'birthDate' | 'telecom'> & Partial<PersonSpec>): string {
    const random = this.#random;
    const number = this.patients.length + 1;
    const gender = random.chance(0.02) ? 'other' : random.chance(0.52) ? 'female' : 'male';
    const id = `pat-${String(number).padStart(4, '0')}`;
    this.patients.push(
      patientResource({
        id,
        mrn: String(100_000 + number),
        given: random.pick(GIVEN[gender]),
        gender,
        pcp: random.pick(DOCTORS),
        ...person,
      }),
    );
    return id;
  }

  /** Sometimes a number that ended. */
  #former(): ContactPoint[] {
    if (!this.#random.chance(0.15)) return [];
    const end = `${this.#random.int(2019, 2025)}-06-30`;
    return [phone(this.#format(this.#number()), 'old', { period: { end } })];
  }

  #number(): string {
    const { value, done } = this.#numbers.next();
    if (done) throw new RangeError('fixture numbers used up');
    return value;
  }

  #format(number: string): string {
    return this.#random.pick(FORMATS)(number);
  }

  #address(): Address {
    const line = [`${this.#random.int(2, 980)} ${this.#random.pick(STREETS)}`];
    return { use: 'home', line, ...this.#random.pick(TOWNS), country: 'US' };
  }

  #birthDate(youngest: number, oldest: number): string {
    const pad = (n: number) => String(n).padStart(2, '0');
    const year = 2026 - this.#random.int(youngest, oldest);
    return `${year}-${pad(this.#random.int(1, 10))}-${pad(this.#random.int(1, 28))}`;
  }
}

function* freeNumbers(): Generator<string, undefined> {
  for (let last = 0; last < 100; last++)
    for (const area of AREA_CODES) {
      const number = `${area}55501${String(last).padStart(2, '0')}`;
      if (!TAKEN.test(number)) yield number;
    }
}
