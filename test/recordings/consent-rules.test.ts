import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { consentRules, recordingPolicies } from '../../db/consent.ts';
import { openPool, type Pool } from '../../db/db.ts';
import { stateOfAreaCode } from '../../recordings/area-codes.ts';
import { decideConsent } from '../../recordings/consent.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url, { onError: () => {} });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

test('every US state, district and territory and 27 countries have a rule, and mixed law counts as all-party', async () => {
  const { rows } = await pool.query<{ place: string; consent: string; treat_as: string }>(`select * from consent_rule`);
  const places = rows.map(({ place }) => place);
  expect(places.filter((place) => place.startsWith('US-'))).toHaveLength(56);
  expect(places.filter((place) => !place.startsWith('US-'))).toHaveLength(27);
  expect(rows.filter(({ consent }) => consent !== 'one-party').every((row) => row.treat_as === 'all-party')).toBe(true);
});

test('every area code leads to a place that has a rule', async () => {
  const rules = await consentRules(pool);
  const states = new Set<string>();
  for (let code = 200; code < 1000; code += 1) {
    const state = stateOfAreaCode(String(code));
    if (state === null) continue;
    expect(rules.has(`US-${state}`)).toBe(true);
    states.add(state);
  }
  expect(states.size).toBe(56);
});

test('a fresh system announces on every call', async () => {
  const policy = (await recordingPolicies(pool)).get('*');
  expect(policy).toEqual({ mode: 'announce', percentage: 100 });
  const facts = { clinic: 'US-TX', parties: ['US-TX'], refused: false, sample: 50 };
  const rules = await consentRules(pool);
  expect(policy && decideConsent({ ...facts, policy }, rules).outcome).toBe('announce');
});

test('a line is relaxed only with a reason', async () => {
  const relax = (reason: string) =>
    pool.query(`insert into recording_policy (line, mode, reason) values ('+12125550100', 'law', $1)`, [reason]);
  await expect(relax('')).rejects.toThrow('relaxing_needs_a_reason');
  await relax('counsel, 2026-11-01');
});
