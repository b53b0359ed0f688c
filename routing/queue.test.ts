import { expect, test } from '@jest/globals';
import { chen, everybody, okafor, silva, staffWith } from '../test/support/clinic-facts.ts';
import { estimatedWaitSeconds, queueCandidates, queuePrompts } from './queue.ts';

test('the wait is the place times the pace, and unknown while the pace is', () => {
  expect(estimatedWaitSeconds(3, { secondsBetweenAnswers: 40 })).toBe(120);
  expect(estimatedWaitSeconds(3, { secondsBetweenAnswers: null })).toBeNull();
});

test.each([
  [1, null, ['queue-position-1']],
  [2, 30, ['queue-position-2', 'queue-wait-1']],
  [2, 61, ['queue-position-2', 'queue-wait-2']],
  [9, 600, ['queue-position-9', 'queue-wait-10']],
  [10, 601, ['queue-position-many', 'queue-wait-15']],
  [30, 4000, ['queue-position-many', 'queue-wait-long']],
])('number %i with %s s to wait hears %j', (position, wait, prompts) => {
  expect(queuePrompts(position, wait)).toEqual(prompts);
});

test('who may ring: free members with a phone, those who speak the language first', () => {
  expect(queueCandidates('nurse-triage', everybody, 'es')).toEqual([
    { extension: '301', tier: 1 },
    { extension: '302', tier: 0 },
  ]);
  expect(queueCandidates('nurse-triage', everybody, null).map(({ tier }) => tier)).toEqual([0, 0]);
  const busy = staffWith({ ...okafor, state: 'busy' }, { ...silva, registered: false }, { ...chen, teams: ['other'] });
  expect(queueCandidates('nurse-triage', busy, null)).toEqual([]);
});
