import { canRing, speaks } from './availability.ts';
import type { StaffFacts } from './types.ts';

/** How fast a queue moves: average seconds from one answer to the next; null: not known yet. */
type Pace = { readonly secondsBetweenAnswers: number | null };

/** Seconds until the caller at `position` (1: next) is probably answered; null: not known yet. */
export function estimatedWaitSeconds(position: number, { secondsBetweenAnswers }: Pace): number | null {
  return secondsBetweenAnswers === null ? null : position * secondsBetweenAnswers;
}

/** Longest waits that have a prompt, in minutes. */
const spokenMinutes = [1, 2, 5, 10, 15, 30] as const;
const spokenPositions = 9;

/** Prompts that tell a caller the place and the wait, rounded up; a promise that would be a guess is left out. */
export function queuePrompts(position: number, waitSeconds: number | null): string[] {
  const place = position <= spokenPositions ? `queue-position-${position}` : 'queue-position-many';
  if (waitSeconds === null) return [place];
  const minutes = spokenMinutes.find((limit) => waitSeconds <= limit * 60);
  return [place, minutes === undefined ? 'queue-wait-long' : `queue-wait-${minutes}`];
}

/** Members of `team` whose phone may ring for a waiting call; those who speak `language` are of the lower tier. */
export function queueCandidates(
  team: string,
  staff: readonly StaffFacts[],
  language: string | null,
): { extension: string; tier: number }[] {
  return staff
    .filter((person) => person.teams.includes(team))
    .filter(canRing)
    .map((person) => ({ extension: person.extension, tier: language === null || speaks(person, language) ? 0 : 1 }));
}

/** Milliseconds until a waiting call asks for its turn again: the nearer, the sooner. */
export function askAgainMs(position: number): number {
  return Math.min(2_000, 250 * position);
}
