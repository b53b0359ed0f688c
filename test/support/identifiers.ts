import type { Patient, RelatedPerson, Resource } from '@medplum/fhirtypes';
import { demoClinic } from '../../embedded/demo.ts';
import { PRACTITIONERS } from '../../embedded/ehr/examples.ts';

export type Found = {
  readonly kind: 'name' | 'number' | 'birth date' | 'record number';
  /** What stands there, with some of what is around it. */
  readonly around: string;
};

type Person = Patient | RelatedPerson;

/** Everything that tells who the patients of an EHR are (45 CFR 164.514(b)(2)), to be looked for where it must not be. */
export class Identifiers {
  readonly birthDates: readonly string[];
  readonly recordNumbers: readonly string[];
  readonly #patients: readonly Patient[];
  readonly #words: ReadonlySet<string>;
  readonly #numbers: ReadonlySet<string>;
  readonly #keyed: ReadonlySet<string>;

  static of(resources: readonly Resource[]): Identifiers {
    const patients = resources.filter((one) => one.resourceType === 'Patient');
    return new Identifiers(patients, [...patients, ...resources.filter((one) => one.resourceType === 'RelatedPerson')]);
  }

  private constructor(patients: readonly Patient[], people: readonly Person[]) {
    this.#patients = patients;
    this.birthDates = [...new Set(patients.flatMap(({ birthDate }) => birthDate ?? []))];
    this.recordNumbers = patients.flatMap(({ identifier }) => identifier?.flatMap(({ value }) => value ?? []) ?? []);
    this.#numbers = new Set(
      people.flatMap(({ telecom }) => telecom?.flatMap(({ value }) => lastTen(value ?? '')) ?? []),
    );
    this.#keyed = new Set(
      this.birthDates.flatMap((date) => {
        const [year, month, day] = date.split('-');
        return [`${month}${day}${year}`, `${day}${month}${year}`, `${year}${month}${day}`];
      }),
    );
    const staff = [...demoClinic.staff, ...demoClinic.logins, ...Object.values(PRACTITIONERS)];
    const known = new Set(staff.flatMap(({ name }) => wordsOf(name)));
    const families = people.flatMap(({ name }) => name?.flatMap(({ family }) => wordsOf(family ?? '')) ?? []);
    this.#words = new Set(families.filter((word) => word.length > 2 && !known.has(word)));
  }

  birthDateOf(patientId: string): string {
    return this.#patients.find(({ id }) => id === patientId)?.birthDate ?? '';
  }

  /** Every identifier in `text`: family names as words, numbers and dates however they are written. */
  in(text: string): Found[] {
    return [
      ...this.#find('name', text, /\p{L}{3,}/gu, (word) => this.#words.has(plain(word))),
      ...this.#find('number', text, /(?<!\d)(?:\+?1)?[ .-]?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}(?!\d)/g, (number) =>
        this.#numbers.has(digits(number).slice(-10)),
      ),
      ...this.#find('birth date', text, /\b\d{4}-\d{2}-\d{2}\b/g, (date) => this.birthDates.includes(date)),
      ...this.#find('birth date', text, /(?<![\da-f-])\d{8}(?![\da-f-])/g, (keyed) => this.#keyed.has(keyed)),
      ...this.recordNumbers.flatMap((number) => this.#find('record number', text, literal(number), () => true)),
    ];
  }

  #find(kind: Found['kind'], text: string, pattern: RegExp, isOne: (match: string) => boolean): Found[] {
    return [...text.matchAll(pattern)]
      .filter(([match]) => isOne(match))
      .map(({ 0: match, index }) => ({ kind, around: text.slice(Math.max(0, index - 60), index + match.length + 30) }));
  }
}

const digits = (text: string) => text.replaceAll(/\D/g, '');
const lastTen = (number: string) => (/\d{10}/.test(digits(number)) ? [tenOf(number)] : []);
/** '(301) 555.0156 x12' has an extension. */
const tenOf = (number: string) => digits(number.replace(/x.*$/i, '')).slice(-10);
const plain = (word: string) => word.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
const wordsOf = (name: string) => name.split(/[^\p{L}]+/u).map(plain);
const literal = (text: string) => new RegExp(`(?<![\\w.])${text.replaceAll(/[^\w]/g, '\\$&')}(?!\\w)`, 'g');
