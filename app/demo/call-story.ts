import type { CallView, CardView, PartView } from '../api-types.ts';

/** What has changed on a staff screen from one view of a call to the next, in words; empty: nothing worth a line. */
export function changesOf(before: CallView | null, now: CallView): string[] {
  const lines: string[] = [];
  if (before === null) lines.push(`the call is on the screen${now.lineName ? `, on ${now.lineName}` : ''}`);
  if (now.match !== (before?.match ?? null) && now.match) lines.push(identityOf(now));
  if (now.card && now.card !== before?.card) {
    const facts = factsOf(now.card);
    if (facts !== '' && facts !== (before?.card ? factsOf(before.card) : '')) lines.push(`chart: ${facts}`);
  }
  if (now.recording !== (before?.recording ?? 'off')) lines.push(`recording ${now.recording}`);
  if (now.intent && now.intent !== before?.intent) lines.push(`the caller wants: ${now.intent}`);
  if (now.decision && !before?.decision) {
    lines.push(`decided: ${now.decision.rule ?? 'no rule'} (${now.decision.because})`);
  }
  const rings = now.ringing.join(', ');
  if (rings !== '' && rings !== (before?.ringing.join(', ') ?? '')) lines.push(`rings ${rings}`);
  if (now.answeredBy && now.answeredBy !== before?.answeredBy) lines.push(`answered by ${now.answeredBy}`);
  if (now.state === 'ended' && before?.state !== 'ended') lines.push(`ended: ${now.outcome ?? 'without outcome'}`);
  return lines;
}

function identityOf({ match, candidates, assuranceBecause }: CallView): string {
  const people = candidates
    .map(({ name, ageYears }) => (ageYears === null ? name : `${name}, ${ageYears}`))
    .join(' · ');
  switch (match) {
    case 'one':
      return `identified: ${people}${assuranceBecause ? ` (${assuranceBecause})` : ''}`;
    case 'several':
      return `${candidates.length} patients on this number: ${people}`;
    case 'none':
      return 'nobody we know has this number';
    case 'withheld':
      return 'the number is withheld';
    case 'unavailable':
    case null:
      return 'the phone index did not answer in time';
    default:
      return match satisfies never;
  }
}

function factsOf(card: CardView): string {
  const facts = [
    say('PCP ', card.pcp, (pcp) => pcp),
    say('', card.problems, (problems) => (problems.find(({ main }) => main) ?? problems[0])?.text ?? null),
    say('allergy: ', card.allergies, (allergies) => allergies.map(({ text }) => text).join(', ')),
    say('last visit ', card.lastVisit, (visit) => visit?.at.slice(0, 10) ?? null),
    say('open: ', card.openItems, (items) => items.map(({ text }) => text).join(', ')),
  ];
  return facts.filter((fact) => fact !== null).join('; ');
}

function say<T>(label: string, part: PartView<T>, words: (value: T) => string | null): string | null {
  if (part.state !== 'fresh' && part.state !== 'cached') return null;
  const text = words(part.value);
  return text ? `${label}${text}` : null;
}
