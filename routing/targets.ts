import type { E164 } from '../sip/address.ts';
import { availableMembers, canRing, nameOf, reach, speaks } from './availability.ts';
import type { Context } from './context.ts';
import { onCallAt } from './hours.ts';
import type { Relation, TargetRow } from './rows.ts';
import type { StaffFacts, Step, TargetTrial } from './types.ts';

type Phone = StaffFacts & { readonly extension: string };
/** What a target comes to for one call; no steps: it is left out, and `because` says why. */
type Outcome = { readonly steps: readonly Step[]; readonly because: string };

/** Turns targets into steps for one call; a phone that has rung does not ring again. */
export class Expansion {
  readonly steps: Step[] = [];
  readonly trials: TargetTrial[] = [];
  readonly #call: Context;
  readonly #rung = new Set<string>();

  constructor(call: Context) {
    this.#call = call;
  }

  add(target: TargetRow): void {
    this.#record(target.value === null ? target.kind : `${target.kind} ${target.value}`, this.#outcome(target));
  }

  /** Rings the members of `team` who can, those who speak the caller's language first. */
  addTeam(team: string, ringSeconds: number): void {
    this.#record(`last resort, team ${team}`, this.#team(team, ringSeconds));
  }

  /** Rings everybody who can be rung: for an urgent call that found nobody else. */
  addEverybody(ringSeconds: number): void {
    this.#record('last resort, anybody', this.#rings(this.#call.facts.staff.filter(canRing), ringSeconds, true));
  }

  addGoodbye(prompt: string): void {
    this.#record(`last resort, goodbye`, { steps: [{ kind: 'goodbye', prompt }], because: 'nobody answered' });
  }

  /** Whether the last step needs neither database nor EHR nor a free phone. */
  get ends(): boolean {
    return this.steps.at(-1)?.kind === 'goodbye';
  }

  #record(target: string, { steps, because }: Outcome): void {
    this.steps.push(...steps);
    this.trials.push({ target, used: steps.length > 0, because });
  }

  #outcome(target: TargetRow): Outcome {
    const { ringSeconds, maxWaitSeconds } = target;
    const value = target.value ?? '';
    switch (target.kind) {
      case 'pcp':
      case 'last-seen':
      case 'result-owner':
      case 'line-owner':
        return this.#relation(target.kind, ringSeconds);
      case 'care-team':
        return this.#careTeam(ringSeconds);
      case 'on-call':
        return this.#onCall(value, ringSeconds);
      case 'extension':
        return this.#extension(value, ringSeconds);
      case 'team':
        return this.#team(value, ringSeconds);
      case 'queue': {
        const priority = this.#call.urgent ? 'urgent' : 'normal';
        const { language } = this.#call;
        return taken({ kind: 'queue', team: value, priority, maxWaitSeconds, ringSeconds, language });
      }
      case 'outside':
        return taken({ kind: 'outside', number: value as E164, ringSeconds });
      case 'menu':
        return taken({ kind: 'menu', menu: value });
      case 'callback':
        return taken({ kind: 'callback', team: value });
      case 'voicemail':
        return taken({ kind: 'voicemail', mailbox: value });
      case 'goodbye':
        return taken({ kind: 'goodbye', prompt: value });
    }
  }

  #relation(kind: Relation, ringSeconds: number): Outcome {
    const practitioner = this.#call.practitioner(kind);
    if (practitioner === null) return leftOut(`the call has no ${kind}, or the chart is not known`);
    const person = this.#call.staffByPractitioner(practitioner);
    if (!person) return leftOut(`practitioner ${practitioner} has no phone here`);
    return this.#person(person, ringSeconds);
  }

  #person(person: StaffFacts, ringSeconds: number): Outcome {
    const reached = reach(person, this.#call.directory);
    return reached.kind === 'nobody'
      ? leftOut(reached.because)
      : this.#ring(reached.extension, ringSeconds, reached.because);
  }

  #extension(extension: string, ringSeconds: number): Outcome {
    const person = this.#call.facts.staff.find((candidate) => candidate.extension === extension);
    if (person) return this.#person(person, ringSeconds);
    return this.#ring(extension, ringSeconds, 'a phone of nobody in particular');
  }

  #ring(extension: string, ringSeconds: number, because: string): Outcome {
    if (this.#rung.has(extension)) return leftOut(`${because}, whose phone has rung already`);
    this.#rung.add(extension);
    return { steps: [{ kind: 'ring', extensions: [extension], ringSeconds }], because };
  }

  #team(team: string, ringSeconds: number): Outcome {
    const { facts, clinic } = this.#call;
    const settings = clinic.teams.get(team);
    return this.#rings(
      availableMembers(team, facts.staff, settings),
      ringSeconds,
      (settings?.strategy ?? 'ring-all') === 'ring-all',
    );
  }

  #careTeam(ringSeconds: number): Outcome {
    const { chart, staff } = this.#call.facts;
    const members = staff.filter(({ practitioner }) => practitioner !== null && chart?.careTeam.includes(practitioner));
    return this.#rings(members.filter(canRing), ringSeconds, true);
  }

  #onCall(name: string, ringSeconds: number): Outcome {
    const rotation = this.#call.clinic.rotations.get(name);
    const turn = rotation ? onCallAt(rotation, this.#call.facts.at) : null;
    const person = turn ? this.#call.directory.byId.get(turn.staffId) : undefined;
    if (!rotation || !turn || !person) return leftOut('nobody is on call');
    const steps: Step[] = [];
    // The phone of whoever is on call rings although the console still says away or out.
    const phone = person.registered && person.state !== 'busy' ? person.extension : null;
    if (phone !== null) steps.push(...this.#ring(phone, ringSeconds, '').steps);
    const outside = rotation.members.find((member) => member.staffId === turn.staffId)?.outside ?? null;
    if (outside !== null) steps.push({ kind: 'outside', number: outside, ringSeconds });
    const because = `${nameOf(person, this.#call.directory)}, ${turn.because}`;
    return { steps, because: steps.length > 0 ? because : `${because}, has no phone that can ring` };
  }

  /** Rings phones that have not rung yet, those that speak the caller's language first. */
  #rings(people: readonly Phone[], ringSeconds: number, atOnce: boolean): Outcome {
    const fresh = people.filter((person) => !this.#rung.has(person.extension));
    if (people.length === 0) return leftOut('nobody is free with a registered phone');
    if (fresh.length === 0) return leftOut('everybody who is free has rung already');
    for (const person of fresh) this.#rung.add(person.extension);
    const { language } = this.#call;
    const speakers = language === null ? [] : fresh.filter((person) => speaks(person, language));
    const others = fresh.filter((person) => !speakers.includes(person));
    const steps = [speakers, others]
      .filter((group) => group.length > 0)
      .flatMap((group) => (atOnce ? [group] : group.map((person) => [person])))
      .map((group): Step => ({ kind: 'ring', extensions: group.map((person) => person.extension), ringSeconds }));
    return { steps, because: `free: ext ${[...speakers, ...others].map((person) => person.extension).join(', ')}` };
  }
}

function taken(step: Step): Outcome {
  return { steps: [step], because: 'it is the next target' };
}

function leftOut(because: string): Outcome {
  return { steps: [], because };
}
