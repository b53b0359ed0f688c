import type { CodeableConcept, Reference } from '@medplum/fhirtypes';
import type { CodedText } from './types.ts';

/*
 * Reading FHIR elements that an EHR may have left out or filled with anything: what is not of its shape is missing.
 */

/** The items of an element that repeats; none when it is no list. */
export function list<T>(value: readonly T[] | undefined | null): readonly T[] {
  return Array.isArray(value) ? value.filter((item) => item !== null && item !== undefined) : [];
}

/** A trimmed string, or null for anything else and for nothing. */
export function text(value: unknown): string | null {
  // Postgres cannot store U+0000.
  const trimmed = typeof value === 'string' ? value.replaceAll('\0', '').trim() : '';
  return trimmed === '' ? null : trimmed;
}

/** An instant as ISO text in UTC; null for what is none. */
export function instant(value: unknown): string | null {
  const at = new Date(text(value) ?? Number.NaN);
  const year = at.getUTCFullYear();
  return year >= 1900 && year <= 2200 ? at.toISOString() : null;
}

/** Id and displayed name of a referenced Practitioner; null for a reference to anything else. */
export function practitioner(reference: Reference | undefined): { id: string; name: string | null } | null {
  const id = /(?:^|\/)Practitioner\/([^/]+)/.exec(text(reference?.reference) ?? '')?.[1];
  return id ? { id, name: text(reference?.display) } : null;
}

/** Code and words of a concept; `otherwise` when it has no words. */
export function coded(concept: CodeableConcept | undefined, otherwise?: unknown): CodedText {
  return { code: text(list(concept?.coding)[0]?.code), text: conceptText(concept) ?? text(otherwise) ?? 'not named' };
}

export function conceptText(concept: CodeableConcept | undefined): string | null {
  const coding = list(concept?.coding);
  return text(concept?.text) ?? text(coding.find(({ display }) => text(display))?.display) ?? text(coding[0]?.code);
}

export function hasCode(concept: CodeableConcept | undefined, codes: readonly string[]): boolean {
  return list(concept?.coding).some(({ code }) => codes.includes(code ?? ''));
}
