import { setTimeout as delay } from 'node:timers/promises';
import { musicOnHold } from '../../media/prompts.ts';
import { askAgainMs, estimatedWaitSeconds, queueCandidates, queuePrompts } from '../../routing/queue.ts';
import type { Step } from '../../routing/types.ts';
import type { Turn } from '../queues.ts';
import type { AnsweredLeg } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';
import type { Welcome } from './greet.ts';
import { type Rung, ring } from './ring.ts';

type QueueStep = Extract<Step, { kind: 'queue' }>;

const announceMs = 45_000;

/**
 * Waits in the team's queue until a phone of it answers, the caller hangs up, or the longest wait is over. A phone that
 * does not answer, or dies while it rings, costs the caller a ring, never the place. Who answered belongs to the queue
 * until `queues.talkEnded`.
 */
export async function waitInQueue(
  step: QueueStep,
  welcome: Welcome,
  caller: AnsweredLeg,
  call: Call,
  on: CallDeps,
): Promise<Rung> {
  const { queues } = on;
  const enough = AbortSignal.any([caller.ended, AbortSignal.timeout(step.maxWaitSeconds * 1000)]);
  const hold = new Hold(step.team, welcome, caller, on);
  call.event('queued', { team: step.team, priority: step.priority });
  try {
    while (!enough.aborted) {
      const turn = await nextTurn(step, call, on);
      if (turn.extensions.length === 0) {
        if (hold.at(turn.position)) call.show({ ringing: [`${step.team}, number ${turn.position}`], extensions: [] });
        await queues.change(askAgainMs(turn.position), enough);
        continue;
      }
      await hold.stop();
      const rung = await ring(turn.extensions, step.ringSeconds, caller, call, on);
      if (rung.kind === 'answered') {
        await queues.answered(call.id, rung.extension);
        return rung;
      }
      if (rung.kind === 'nobody') await queues.notAnswered(call.id);
    }
  } finally {
    await hold.stop();
  }
  await queues.leave(call.id, caller.ended.aborted ? 'abandoned' : 'overflow');
  return caller.ended.aborted ? { kind: 'callerGone' } : { kind: 'nobody', because: 'the longest wait is over' };
}

/** Whose turn it is, by the shared queue; while that is away every free phone of the team, known here, may ring. */
async function nextTurn(step: QueueStep, call: Call, on: CallDeps): Promise<Turn> {
  const free = candidates(step, on);
  const take = () => on.queues.takeTurn(call.id, free, on.phones().strategyOf(step.team));
  try {
    const turn = await take();
    if (turn) return turn;
    await on.queues.enter(call.id, step.team, step.priority === 'urgent');
    return (await take()) ?? { position: 1, extensions: [] };
  } catch (error) {
    call.log.warn({ err: error }, 'the queue is away');
    return { position: 1, extensions: free.map(({ extension }) => extension) };
  }
}

function candidates(step: QueueStep, on: CallDeps) {
  const staff = on.phones().staff({
    registered: (extension) => on.registrar.isRegistered(extension),
    busy: (extension) => on.busy.isBusy(extension),
  });
  return queueCandidates(step.team, staff, step.language);
}

/** What a waiting caller hears: place and wait now and then, musicOnHold between. */
class Hold {
  readonly #team: string;
  readonly #welcome: Welcome;
  readonly #caller: AnsweredLeg;
  readonly #on: CallDeps;
  #position = 0;
  #playing: { readonly stop: AbortController; readonly done: Promise<void> } | null = null;

  constructor(team: string, welcome: Welcome, caller: AnsweredLeg, on: CallDeps) {
    this.#team = team;
    this.#welcome = welcome;
    this.#caller = caller;
    this.#on = on;
  }

  /** Plays from now on, if nothing plays; true when the place has changed. */
  at(position: number): boolean {
    const changed = position !== this.#position;
    this.#position = position;
    if (this.#playing === null) {
      const stop = new AbortController();
      this.#playing = { stop, done: this.#play(AbortSignal.any([stop.signal, this.#caller.ended])) };
    }
    return changed;
  }

  async stop(): Promise<void> {
    const playing = this.#playing;
    this.#playing = null;
    playing?.stop.abort();
    await playing?.done;
  }

  async #play(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const load = this.#on.queues.loads.find(({ team }) => team === this.#team);
      const wait = load ? estimatedWaitSeconds(this.#position, load) : null;
      for (const prompt of queuePrompts(this.#position, wait)) {
        if (!signal.aborted) await this.#welcome.say(prompt, signal);
      }
      const pause = new AbortController();
      const music = this.#caller.endpoint.play([musicOnHold], AbortSignal.any([signal, pause.signal])).catch(() => {});
      await delay(announceMs, undefined, { signal }).catch(() => {});
      pause.abort();
      await music;
    }
  }
}
