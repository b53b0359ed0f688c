/**
 * Why the EHR did not give a usable answer. `refused`: it understood and said no (4xx); `unsafe`: it pointed to another
 * server; `open`: the circuit breaker keeps us from asking; `overloaded`: too many of our requests wait already.
 */
export type FhirFailureKind =
  | 'unreachable'
  | 'timeout'
  | 'cancelled'
  | 'server-error'
  | 'throttled'
  | 'unauthorized'
  | 'refused'
  | 'malformed'
  | 'too-large'
  | 'unsafe'
  | 'open'
  | 'overloaded';

/** The one error that leaves `ehr/fhir.ts`. Its text names no URL, no body, nobody. */
export class FhirFailure extends Error {
  readonly kind: FhirFailureKind;
  readonly status: number | null;
  /** How long the server asked us to wait (Retry-After). */
  readonly retryAfterMs: number | null;

  constructor(
    kind: FhirFailureKind,
    detail: { status?: number; retryAfterMs?: number | null; cause?: unknown; message?: string } = {},
  ) {
    const text = detail.message ?? (detail.status ? `HTTP ${detail.status}` : '');
    super(text ? `EHR ${kind}: ${text}` : `EHR ${kind}`, { cause: detail.cause });
    this.name = 'FhirFailure';
    this.kind = kind;
    this.status = detail.status ?? null;
    this.retryAfterMs = detail.retryAfterMs ?? null;
  }
}

/** Says that the server as a whole is sick, not that one request was wrong. */
export function isSickness(error: unknown): boolean {
  const sick: FhirFailureKind[] = [
    'unreachable',
    'timeout',
    'server-error',
    'throttled',
    'unauthorized',
    'malformed',
    'too-large',
    'unsafe',
  ];
  return error instanceof FhirFailure && sick.includes(error.kind);
}

/** Worth a second try at once: the next attempt may well meet a healthy server. */
export function isTransient(error: unknown): boolean {
  return error instanceof FhirFailure && ['unreachable', 'server-error', 'throttled'].includes(error.kind);
}
