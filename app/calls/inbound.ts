import type { Candidate } from '../../ehr/types.ts';
import type { ChartFacts, Decision, Intent, Step } from '../../routing/types.ts';
import { platformIds } from '../../sip/platform-ids.ts';
import type { InboundInvite } from '../../sip/ports.ts';
import { admit } from './admission.ts';
import { answer } from './answer.ts';
import type { AnsweredLeg } from './answered-leg.ts';
import { Call, type CallEnding } from './call.ts';
import { Conversation } from './conversation.ts';
import type { CallDeps, Line } from './deps.ts';
import { Welcome } from './greet.ts';
import { chartFactsWithin, type Identification, type Identity, identify, settle } from './identify.ts';
import { ringOutside } from './outside.ts';
import { waitInQueue } from './queue.ts';
import { CallRecording } from './record.ts';
import { type Rung, ring } from './ring.ts';
import { verifyByBirthDate } from './verify.ts';

/** One call from a trunk, from INVITE to the last line of its record. A hang-up ends whichever step is running. */
export async function inboundCall(invite: InboundInvite, on: CallDeps): Promise<void> {
  const admission = admit(invite, on.phones(), on.trunkCalls.count);
  if (admission.kind === 'refused') {
    on.metrics.refusalsTotal.inc({ cause: admission.cause });
    on.log.info({ status: admission.status, cause: admission.cause }, 'INVITE refused');
    invite.reject(admission.status, undefined, admission.status === 503 ? { 'Retry-After': '10' } : {});
    return;
  }
  invite.ring();
  const { line, trunk, caller, forwardedFrom } = admission;
  const startedAt = invite.receivedAt;
  const call = new Call(on, {
    direction: 'inbound',
    line,
    trunk: trunk.name,
    caller,
    startedAt,
    forwardedFrom,
    platformIds: platformIds(invite.headers),
  });
  const leaveTrunk = on.trunkCalls.enter(trunk.name);
  let ending: CallEnding = { outcome: 'failed', because: 'an error' };
  try {
    ending = await handle(invite, line, call, on);
  } catch (error) {
    call.log.error({ err: error }, 'the call script threw');
    invite.reject(500);
  } finally {
    leaveTrunk();
    call.ended(ending.outcome, ending.because);
  }
}

async function handle(invite: InboundInvite, line: Line, call: Call, on: CallDeps): Promise<CallEnding> {
  const identification = identify(call, on);
  const answered = await answer(invite, call, on);
  if (answered.kind === 'abandoned') return { outcome: 'abandoned', because: 'hung up before the answer' };
  if (answered.kind === 'refused') return { outcome: 'refused', because: `no media: ${answered.status}` };

  const caller = answered.leg;
  let recording: CallRecording | null = null;
  try {
    const welcome = new Welcome(call, line, caller, on);
    await welcome.greet();
    recording = await startRecording(welcome, line, identification, caller, call, on);
    const { intent, verify } = await welcome.menu();
    const mute = recording ?? { pause() {}, resume() {} };
    const askBirthDate = (candidates: readonly Candidate[]) =>
      verifyByBirthDate(candidates, line, caller, mute, call, on);
    const identity = await settle(identification, askBirthDate, verify, call, on);
    if (caller.ended.aborted) return { outcome: 'abandoned', because: 'hung up in the menu' };

    const decide = (chosen: Intent | null) => decideRoute(line, chosen, identity, call, on);
    const { steps } = await decide(intent);
    if (['ring', 'queue', 'outside'].includes(steps[0].kind)) await welcome.say('connecting');
    return await carryOut(steps, { line, welcome, caller, call, on, decide, menus: 0 });
  } finally {
    await recording?.stop();
    answered.legEnded(caller.endReason);
    await caller.release();
  }
}

/** The notice is heard to its end before a word is recorded; what was decided and heard is stored as consent. */
async function startRecording(
  welcome: Welcome,
  line: Line,
  identification: Identification,
  caller: AnsweredLeg,
  call: Call,
  on: CallDeps,
): Promise<CallRecording | null> {
  if (!line.record || !on.record) return null;
  // The chart as far as it is known now: the patient's address may ask for more than the number's place does.
  const chart = await Promise.race([identification.chart, Promise.resolve(null)]);
  const consent = on.consentFor({ callId: call.id, line, caller: call.caller.number, chart });
  const given = await welcome.askConsent(consent);
  if (caller.ended.aborted) return null;
  const { place, because } = consent;
  on.storeConsent({ callId: call.id, party: 'caller', at: new Date(), place, because, ...given });
  return given.outcome === 'refused' ? null : CallRecording.start(caller, call, on);
}

const chartWaitMs = 1_500;

async function decideRoute(
  line: Line,
  intent: Intent | null,
  identity: Identity,
  call: Call,
  on: CallDeps,
): Promise<Decision> {
  const chart: ChartFacts | null = await chartFactsWithin(chartWaitMs, identity, on);
  const facts = {
    line: line.number,
    callerNumber: call.caller.number,
    caller: identity.kind,
    assurance: identity.assurance,
    intent,
    urgent: intent === 'urgent',
    at: new Date(),
    chart,
    staff: on.phones().staff({
      registered: (extension) => on.registrar.isRegistered(extension),
      busy: (extension) => on.busy.isBusy(extension),
      lastCallEndedAt: (extension) => on.busy.lastCallEndedAt(extension),
    }),
    queues: on.queues.loads,
  } as const;
  const started = performance.now();
  const decision = on.decide(facts);
  const tookMicroseconds = Math.round((performance.now() - started) * 1000);
  call.reached('decided');
  const { callerNumber: _, ...stored } = facts;
  const number = call.nextDecision();
  on.journal.record({
    kind: 'decision',
    callId: call.id,
    number,
    at: facts.at,
    facts: stored,
    decision,
    tookMicroseconds,
  });
  call.event('decided', { rule: decision.rule?.name ?? null, steps: decision.steps.map((step) => step.kind) });
  const because = decision.reasons.find((trial) => trial.applied)?.because ?? 'no rule applied: the last resort';
  call.show({ decision: { rule: decision.rule?.name ?? null, because } });
  return decision;
}

type Script = {
  readonly line: Line;
  readonly welcome: Welcome;
  readonly caller: AnsweredLeg;
  readonly call: Call;
  readonly on: CallDeps;
  readonly decide: (intent: Intent | null) => Promise<Decision>;
  /** Menus that rules have played so far. */
  readonly menus: number;
};

const mostMenus = 3;

/** Tries the steps in order until somebody talks, the caller hangs up, or the last step has been said. */
async function carryOut(steps: readonly Step[], script: Script): Promise<CallEnding> {
  const { caller } = script;
  for (const step of steps) {
    if (caller.ended.aborted) return { outcome: 'abandoned', because: `hung up: ${caller.endReason}` };
    const ending = await tryStep(step, script);
    if (ending) return ending;
  }
  return { outcome: 'unanswered', because: 'no step was left' };
}

async function tryStep(step: Step, script: Script): Promise<CallEnding | null> {
  const { line, welcome, caller, call, on } = script;
  switch (step.kind) {
    case 'ring':
      return talkOrNext(step, await ring(step.extensions, step.ringSeconds, caller, call, on), script);
    case 'outside':
      return talkOrNext(step, await ringOutside(step, line, caller, call, on), script);
    case 'queue':
      try {
        return await talkOrNext(step, await waitInQueue(step, welcome, caller, call, on), script);
      } finally {
        await on.queues.talkEnded(call.id);
      }
    case 'goodbye':
      await welcome.say(step.prompt);
      return { outcome: 'unanswered', because: `said ${step.prompt}` };
    case 'menu': {
      if (script.menus >= mostMenus) return null;
      const { intent } = await welcome.menu(step.menu);
      if (intent === null) return null;
      const { steps } = await script.decide(intent);
      return carryOut(steps, { ...script, menus: script.menus + 1 });
    }
    case 'callback':
    case 'voicemail':
      // Rules may name these already; a rule that needs one goes on to its next target until it is built.
      call.event('step-failed', { step: step.kind, because: 'not available on this system' });
      return null;
    default:
      return step satisfies never;
  }
}

/** Null: nobody talked; the next step is tried. */
async function talkOrNext(step: Step, rung: Rung<string | null>, script: Script): Promise<CallEnding | null> {
  const { caller, call, on } = script;
  if (rung.kind === 'answered') return talk(caller, rung, call, on);
  if (rung.kind === 'callerGone') return { outcome: 'abandoned', because: `hung up: ${step.kind}` };
  call.event('step-failed', { ...step, step: step.kind, because: rung.because });
  return null;
}

/** Null: the staff member gave the caller away and nobody took it; the next step is tried. */
async function talk(
  caller: AnsweredLeg,
  staff: Extract<Rung<string | null>, { kind: 'answered' }>,
  call: Call,
  on: CallDeps,
): Promise<CallEnding | null> {
  const patient = { leg: caller, extension: null, ended: () => {} };
  const end = await new Conversation(patient, { ...staff, ended: staff.legEnded }, call, on).run();
  return end.kind === 'ended' ? { outcome: 'talked', because: end.because } : null;
}
