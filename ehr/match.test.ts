import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { E164 } from '../sip/address.ts';
import { type Activity, type IndexHit, MOST_CHARTS, matchCaller, type NumberException } from './match.ts';

const number = '+12025550143' as E164;
const at = new Date('2026-11-20T15:00:00Z');
const hit = (patientId: string, more: Partial<IndexHit> = {}): IndexHit => ({
  patientId,
  name: `Patient ${patientId}`,
  birthDate: '1980-01-01',
  gender: null,
  mrn: null,
  active: true,
  relation: 'primary',
  heldBy: null,
  use: 'mobile',
  validFrom: null,
  validUntil: null,
  ...more,
});
const match = (hits: IndexHit[], activity: Activity[] = [], exception: NumberException | null = null) =>
  matchCaller(number, { hits, activity, exception }, at);
const order = (hits: IndexHit[], activity: Activity[] = []) => {
  const found = match(hits, activity);
  return found.kind === 'several' ? found.candidates.map(({ patientId }) => patientId) : found.kind;
};

test('a period is honoured to the day', () => {
  expect(match([hit('a', { validUntil: '2026-11-20' })]).kind).toBe('one');
  expect(match([hit('a', { validUntil: '2026-11-19' })]).kind).toBe('none');
  expect(match([hit('a', { validFrom: '2026-11-20' })]).kind).toBe('one');
  expect(match([hit('a', { validFrom: '2026-11-21' })]).kind).toBe('none');
  expect(match([hit('a', { use: 'old' })]).kind).toBe('none');
});

test('one patient with the number twice is one candidate, by the stronger relation', () => {
  expect(
    match([hit('a', { relation: 'related', heldBy: 'spouse' }), hit('a', { relation: 'alternate' })]),
  ).toMatchObject({
    kind: 'one',
    candidate: { relation: 'alternate', heldBy: null },
  });
});

describe('several patients', () => {
  test('are ranked, never chosen: visit before result before missed call before relation before age', () => {
    const hits = ['child', 'parent', 'visit', 'result'].map((id) => hit(id, { use: 'home' }));
    const ages = { child: '2019-01-01', parent: '1985-01-01', visit: '2015-01-01', result: '2017-01-01' };
    const aged = hits.map((one) => ({ ...one, birthDate: ages[one.patientId as keyof typeof ages] }));
    const activity: Activity[] = [
      { patientId: 'visit', kind: 'appointment', at: new Date('2026-11-21T14:00:00Z') },
      { patientId: 'result', kind: 'result', at: new Date('2026-11-18T14:00:00Z') },
      { patientId: 'child', kind: 'appointment', at: new Date('2026-12-20T14:00:00Z') },
    ];
    expect(order([...aged, hit('nephew', { relation: 'related', heldBy: 'uncle' })], activity)).toEqual([
      'visit',
      'result',
      'parent',
      'child',
      'nephew',
    ]);
  });

  test('a home line that several have is a household line; a mobile stays whose it is', () => {
    const found = match([hit('a', { use: 'home' }), hit('b', { use: 'home' }), hit('c')]);
    expect(found.kind === 'several' && found.candidates.map(({ relation }) => relation)).toEqual([
      'primary',
      'household',
      'household',
    ]);
  });

  test('more charts than a family has are nobody', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => hit(`p${i}`));
    expect(match(many(MOST_CHARTS))).toMatchObject({ kind: 'several' });
    expect(match(many(MOST_CHARTS + 1))).toMatchObject({ kind: 'none', because: expect.stringContaining('7 charts') });
  });
});

test.each(['blocked', 'clinic', 'facility', 'relay'] as const)('a %s number is never a patient', (exception) => {
  expect(match([hit('a')], [], exception)).toEqual({ kind: 'none', not: exception, because: expect.any(String) });
});

const anyHit = fc
  .record({
    patientId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    active: fc.boolean(),
    relation: fc.constantFrom('primary', 'alternate', 'related', 'household'),
    use: fc.constantFrom('home', 'mobile', 'old', null),
    birthDate: fc.constantFrom('1950-01-01', '2010-01-01', null),
    validFrom: fc.constantFrom('2020-01-01', '2027-01-01', null),
    validUntil: fc.constantFrom('2025-01-01', '2027-01-01', null),
  })
  .map((more) => hit(more.patientId, more as Partial<IndexHit>));
const anyActivity = fc.record({
  patientId: fc.constantFrom('a', 'b', 'c', 'd'),
  kind: fc.constantFrom('appointment', 'result', 'missed-call'),
  at: fc.date({ min: new Date('2026-11-01'), max: new Date('2026-12-10'), noInvalidDate: true }),
}) as fc.Arbitrary<Activity>;

test('property: the order in which rows come never changes the answer', () => {
  fc.assert(
    fc.property(fc.array(anyHit), fc.array(anyActivity), fc.infiniteStream(fc.nat()), (hits, activity, keys) => {
      // Rows of one patient with the same strength differ in nothing that is shown but what sorts them.
      const distinct = [...new Map(hits.map((one) => [`${one.patientId} ${one.relation}`, one])).values()];
      const shuffled = distinct.map((one) => [keys.next().value ?? 0, one] as const).toSorted(([a], [b]) => a - b);
      expect(
        match(
          shuffled.map(([, one]) => one),
          activity.toReversed(),
        ),
      ).toEqual(match(distinct, activity));
    }),
  );
});

test('property: only charts that are active and hold the number today are ever named, each once', () => {
  fc.assert(
    fc.property(fc.array(anyHit), fc.array(anyActivity), (hits, activity) => {
      const found = match(hits, activity);
      const named = found.kind === 'one' ? [found.candidate] : found.kind === 'several' ? found.candidates : [];
      expect(new Set(named.map(({ patientId }) => patientId)).size).toBe(named.length);
      expect(named.length).toBeLessThanOrEqual(MOST_CHARTS);
      for (const { patientId } of named)
        expect(
          hits.some(
            (one) =>
              one.patientId === patientId &&
              one.active &&
              one.use !== 'old' &&
              one.validFrom !== '2027-01-01' &&
              one.validUntil !== '2025-01-01',
          ),
        ).toBe(true);
      if (found.kind === 'several') expect(named.length).toBeGreaterThan(1);
    }),
  );
});
