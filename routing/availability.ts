import type { Team } from './rows.ts';
import type { StaffFacts } from './types.ts';

export type Directory = {
  readonly byId: ReadonlyMap<number, StaffFacts>;
  readonly names: ReadonlyMap<number, string>;
};
/** A phone to ring for somebody, or why there is none. */
export type Reached =
  | { readonly kind: 'phone'; readonly staff: StaffFacts; readonly extension: string; readonly because: string }
  | { readonly kind: 'nobody'; readonly because: string };

/** The phone that takes `person`'s calls now. Who is out is followed to who covers them, never twice to the same person. */
export function reach(person: StaffFacts, directory: Directory): Reached {
  const seen = new Set<number>();
  let current = person;
  let path = nameOf(current, directory);
  for (;;) {
    seen.add(current.staffId);
    if (current.state !== 'out') return phoneOf(current, path);
    const cover = current.coveredBy === null ? undefined : directory.byId.get(current.coveredBy);
    if (!cover) return { kind: 'nobody', because: `${path} is out and nobody covers` };
    if (seen.has(cover.staffId)) return { kind: 'nobody', because: `${path} is out and the cover leads in a circle` };
    path += ` is out, covered by ${nameOf(cover, directory)}`;
    current = cover;
  }
}

/** Members of `team` whose phone can ring now, in the order that its strategy rings them. */
export function availableMembers(
  team: string,
  staff: readonly StaffFacts[],
  settings: Team | undefined,
): readonly (StaffFacts & { readonly extension: string })[] {
  const members = staff.filter((person) => person.teams.includes(team));
  const place = (person: StaffFacts) => {
    const index = settings?.members.indexOf(person.staffId) ?? -1;
    return index === -1 ? members.length : index;
  };
  members.sort((a, b) => place(a) - place(b) || a.staffId - b.staffId);
  const ordered = settings ? inStrategyOrder(members, settings.strategy) : members;
  return ordered.filter((person) => canRing(person));
}

/** Free, with a registered phone. */
export function canRing(person: StaffFacts): person is StaffFacts & { readonly extension: string } {
  return person.state === 'available' && person.registered && person.extension !== null;
}

export function nameOf(person: StaffFacts, directory: Directory): string {
  return directory.names.get(person.staffId) ?? `staff ${person.staffId}`;
}

/** Whether `person` speaks `language`, compared by primary subtag: 'es' and 'es-MX' are one. */
export function speaks(person: StaffFacts, language: string): boolean {
  return person.languages.some((spoken) => primarySubtag(spoken) === primarySubtag(language));
}

export function primarySubtag(language: string): string {
  const end = language.indexOf('-');
  return (end === -1 ? language : language.slice(0, end)).toLowerCase();
}

function inStrategyOrder(members: StaffFacts[], strategy: Team['strategy']): StaffFacts[] {
  const endedAt = (person: StaffFacts) => person.lastCallEndedAt?.getTime() ?? 0;
  if (strategy === 'longest-idle') return members.toSorted((a, b) => endedAt(a) - endedAt(b));
  if (strategy === 'round-robin') {
    // Whoever follows the member that took the latest call: the turn needs no counter that nodes would have to share.
    const latest = Math.max(...members.map(endedAt));
    const turn = latest > 0 ? members.findIndex((person) => endedAt(person) === latest) + 1 : 0;
    return [...members.slice(turn), ...members.slice(0, turn)];
  }
  return members;
}

function phoneOf(person: StaffFacts, path: string): Reached {
  if (person.extension === null) return { kind: 'nobody', because: `${path}, who has no extension` };
  if (person.state !== 'available') return { kind: 'nobody', because: `${path} is ${person.state}` };
  if (!person.registered) {
    return { kind: 'nobody', because: `${path} has no phone registered on extension ${person.extension}` };
  }
  return {
    kind: 'phone',
    staff: person,
    extension: person.extension,
    because: `${path} (ext ${person.extension})`,
  };
}
