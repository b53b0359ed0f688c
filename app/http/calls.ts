import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Account } from '../../db/accounts.ts';
import type { Db } from '../../db/db.ts';
import { findPatient, searchPatients } from '../../db/patient-search.ts';
import type { CallView, CandidateView, Role } from '../api-types.ts';
import type { Audit } from '../audit.ts';
import { redactCall } from '../auth/disclosure.ts';
import type { LiveCalls } from '../live-calls.ts';
import { candidateView, pendingCard } from '../patient-view.ts';
import type { CardAudit } from './card-audit.ts';
import { signedIn } from './guard.ts';
import { HttpProblem } from './problem.ts';
import { CallSchema, CallsSchema, CandidatesSchema } from './schemas.ts';

/** Staff said who calls, or that it is somebody else (`patientId` null). */
export type IdentityChange = {
  readonly callId: string;
  readonly patientId: string | null;
  readonly assurance: CallView['assurance'];
  readonly because: string;
  /** Login of the staff member. */
  readonly by: string;
};

/** Roles that speak with callers. */
export const careTeam = ['front-desk', 'nurse', 'provider', 'supervisor'] as const satisfies readonly Role[];

const CallParams = z.object({ id: z.uuid() });

/** The calls in progress, and what staff tell us about who is calling. */
export function callRoutes(on: {
  calls: LiveCalls;
  db: Db;
  audit: Audit;
  cards: CardAudit;
  /** Loads the card into the live call and stores the event. Returns at once. */
  onIdentified: (change: IdentityChange) => void;
}): FastifyPluginAsyncZod {
  const viewFor = (account: Account, call: CallView): CallView => {
    on.cards.shown(account, call);
    return redactCall(call, account.role);
  };
  const live = (callId: string): CallView => {
    const call = on.calls.get(callId);
    if (!call) throw new HttpProblem(404, 'Not found', 'the call has ended');
    return call;
  };
  const identify = async (account: Account, callId: string, change: (call: CallView) => CallView) => {
    on.calls.update(callId, change);
    const call = live(callId);
    const { patientId, assurance, assuranceBecause } = call;
    const because = assuranceBecause ?? '';
    on.onIdentified({ callId, patientId, assurance, because, by: account.login });
    const detail = { patientId, assurance, because };
    await on.audit({ actor: `user:${account.login}`, action: 'caller.identified', subject: `call:${callId}`, detail });
    return viewFor(account, call);
  };

  return async (app) => {
    app.get(
      '/api/calls',
      {
        config: { access: 'signed-in' },
        schema: { summary: 'Calls in progress', response: { 200: CallsSchema } },
      },
      async (request) => {
        const { account } = signedIn(request);
        return on.calls.snapshot().calls.map((call) => viewFor(account, call));
      },
    );

    app.get(
      '/api/calls/:id',
      {
        config: { access: 'signed-in' },
        schema: { summary: 'A call in progress', params: CallParams, response: { 200: CallSchema } },
      },
      async (request) => viewFor(signedIn(request).account, live(request.params.id)),
    );

    app.post(
      '/api/calls/:id/candidate',
      {
        config: { access: careTeam },
        schema: {
          summary: 'The caller is this patient: shows the card',
          params: CallParams,
          body: z.object({ patientId: z.string().min(1).max(64) }),
          response: { 200: CallSchema },
        },
      },
      async (request) => {
        const { account } = signedIn(request);
        const call = live(request.params.id);
        const { patientId } = request.body;
        const listed = call.candidates.find((candidate) => candidate.patientId === patientId);
        const found = listed ?? (await candidateFound(on.db, patientId, account.name));
        if (!found) throw new HttpProblem(404, 'Not found', 'no such patient');
        return await identify(account, call.callId, (now) => choose(now, found, account.name));
      },
    );

    app.delete(
      '/api/calls/:id/candidate',
      {
        config: { access: careTeam },
        schema: {
          summary: 'The caller is not the patient shown: takes the card away',
          params: CallParams,
          response: { 200: CallSchema },
        },
      },
      async (request) => {
        const { account } = signedIn(request);
        live(request.params.id);
        return await identify(account, request.params.id, (now) => unchoose(now, account.name));
      },
    );

    app.post(
      '/api/calls/:id/assurance',
      {
        config: { access: careTeam },
        schema: {
          summary: 'The caller answered a spoken check: identity level 4',
          params: CallParams,
          body: z.object({ checked: z.array(z.enum(['birth-date', 'mrn', 'address'])).min(1) }),
          response: { 200: CallSchema },
        },
      },
      async (request) => {
        const { account } = signedIn(request);
        if (live(request.params.id).patientId === null) {
          throw new HttpProblem(409, 'Nobody chosen', 'choose the patient first');
        }
        const because = `${account.name} checked ${request.body.checked.join(' and ').replace('-', ' ')}`;
        const change = (now: CallView): CallView => ({ ...now, assurance: 4, assuranceBecause: because });
        return await identify(account, request.params.id, change);
      },
    );

    // POST: what is searched for must not be in a URL.
    app.post(
      '/api/patients/search',
      {
        config: { access: careTeam, rateLimit: { max: 60, timeWindow: '1 minute' } },
        schema: {
          summary: 'Patients by part of the name, birth date or MRN; at most 20',
          body: z
            .object({
              name: z.string().trim().min(2).max(100).optional(),
              birthDate: z.iso.date().optional(),
              mrn: z.string().trim().min(2).max(40).optional(),
            })
            .refine((body) => body.name ?? body.birthDate ?? body.mrn, 'name, birthDate or mrn is needed'),
          response: { 200: CandidatesSchema },
        },
      },
      async (request) => {
        const { account } = signedIn(request);
        const { name = null, birthDate = null, mrn = null } = request.body;
        const found = await searchPatients(on.db, { name, birthDate, mrn, limit: 20 });
        await on.audit({
          actor: `user:${account.login}`,
          action: 'patients.searched',
          subject: 'patients',
          detail: { by: Object.keys(request.body), found: found.map((patient) => patient.patientId) },
        });
        return found.map((patient) => candidateView({ ...patient, because: 'found by search' }, new Date()));
      },
    );
  };
}

async function candidateFound(db: Db, patientId: string, by: string): Promise<CandidateView | null> {
  const patient = await findPatient(db, patientId);
  return patient && candidateView({ ...patient, because: `found by ${by}` }, new Date());
}

function choose(call: CallView, candidate: CandidateView, by: string): CallView {
  const listed = call.candidates.some(({ patientId }) => patientId === candidate.patientId);
  const same = call.patientId === candidate.patientId;
  return {
    ...call,
    candidates: listed ? call.candidates : [candidate, ...call.candidates],
    patientId: candidate.patientId,
    chosenBy: by,
    card: same && call.card ? call.card : pendingCard(candidate.patientId),
    // Level 2: ambiguity resolved (design.md §5). A check of somebody else proves nothing about this patient.
    assurance: same && call.assurance > 2 ? call.assurance : 2,
    assuranceBecause: `${by} chose this patient`,
  };
}

function unchoose(call: CallView, by: string): CallView {
  return {
    ...call,
    candidates: call.candidates.filter(({ patientId }) => patientId !== call.patientId),
    patientId: null,
    chosenBy: null,
    card: null,
    assurance: 0,
    assuranceBecause: `${by}: not the patient shown`,
  };
}
