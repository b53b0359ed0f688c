import type {
  AuditPage,
  CallView,
  CandidateView,
  HistoryDetail,
  HistoryPage,
  Me,
  Problem,
  RecordingAccess,
  RouteExplanation,
  SetupView,
} from '../../app/api-types.ts';

/** What the server refused, in its words (RFC 9457). */
export class ProblemError extends Error {
  readonly status: number;
  readonly detail: string | null;

  constructor(problem: Problem) {
    super(problem.title);
    this.status = problem.status;
    this.detail = problem.detail ?? null;
  }
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (response.ok) return (response.status === 204 ? null : await response.json()) as T;
  const problem = await response.json().catch(() => null);
  throw new ProblemError(problem ?? { type: 'about:blank', title: response.statusText, status: response.status });
}

export const api = {
  /** Null: nobody is logged in. */
  me: async (): Promise<Me | null> => {
    try {
      return await ask<Me>('GET', '/api/me');
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return null;
      throw error;
    }
  },
  login: (login: string, password: string) => ask<Me>('POST', '/api/login', { login, password }),
  logout: () => ask<null>('POST', '/api/logout'),
  changePassword: (current: string, next: string) => ask<null>('POST', '/api/me/password', { current, next }),
  active: () => ask<null>('POST', '/api/me/activity'),
  chooseCandidate: (callId: string, patientId: string) =>
    ask<CallView>('POST', `/api/calls/${callId}/candidate`, { patientId }),
  wrongPatient: (callId: string) => ask<CallView>('DELETE', `/api/calls/${callId}/candidate`),
  confirmIdentity: (callId: string, checked: readonly ('birth-date' | 'mrn' | 'address')[]) =>
    ask<CallView>('POST', `/api/calls/${callId}/assurance`, { checked }),
  searchPatients: (by: { name?: string; birthDate?: string; mrn?: string }) =>
    ask<readonly CandidateView[]>('POST', '/api/patients/search', by),
  history: (page: { before: string | null; outcome: string | null }) => {
    const query = new URLSearchParams({ limit: '40' });
    if (page.before) query.set('before', page.before);
    if (page.outcome) query.set('outcome', page.outcome);
    return ask<HistoryPage>('GET', `/api/history?${query}`);
  },
  historyDetail: (callId: string) => ask<HistoryDetail>('GET', `/api/history/${callId}`),
  searchAudit: (query: Readonly<Record<string, string | number>>) => ask<AuditPage>('POST', '/api/audit/search', query),
  setup: () => ask<SetupView>('GET', '/api/setup'),
  explainRoute: (call: Readonly<Record<string, string | boolean>>) =>
    ask<RouteExplanation>('POST', '/api/routes/explain', call),
  /** Permission to hear a recording. Noted in the audit with `reason`. */
  openRecording: (recordingId: string, reason: string) =>
    ask<RecordingAccess>('POST', `/api/recordings/${recordingId}/accesses`, { reason }),
};
