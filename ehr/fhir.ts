import type { Bundle, CapabilityStatement, Resource, ResourceType } from '@medplum/fhirtypes';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  type IPolicy,
  retry,
  wrap,
} from 'cockatiel';
import { Client, type FhirResource, type RequestOptions, type SearchParams } from 'fhir-kit-client';
import { FhirFailure, isSickness, isTransient } from './fhir-failure.ts';
import { open, transfer } from './transfer.ts';

export type BreakerState = 'closed' | 'half-open' | 'open';

export type FhirOptions = {
  readonly baseUrl: string;
  /** Value of the Authorization header, asked before each request. `refused`: the one that the server has just refused. */
  readonly authorization?: (refused: string | null) => Promise<string>;
  /** Of one request, ms. Default 5000. */
  readonly timeoutMs?: number;
  /** Largest answer read, bytes. Default 20 MB. */
  readonly maxBytes?: number;
  /** Requests under way at a time. Default 16; four times as many may wait. */
  readonly concurrency?: number;
  /** Failures in a row that open the breaker. Default 5. */
  readonly breakAfter?: number;
  /** How long an open breaker waits before it tries again, ms. Default 5000; a longer Retry-After is honoured. */
  readonly halfOpenAfterMs?: number;
  readonly onBreaker?: (state: BreakerState) => void;
};

type Ask = { readonly signal?: AbortSignal; readonly timeoutMs?: number };

/** An EHR that speaks FHIR R4, as the rest of `ehr/` sees it. Every method rejects with `FhirFailure` and nothing else. */
export type Fhir = ReturnType<typeof openFhir>;

/** A client of the EHR at `baseUrl`. Connects when first asked; nothing to close. */
export function openFhir(given: FhirOptions) {
  const options = { ...given, baseUrl: given.baseUrl.replace(/\/+$/, '') };
  const { timeoutMs = 5000, baseUrl } = options;
  const authorized = withAuthorization(options.authorization);
  const client = connect(options, authorized);
  const { breaker, once, patiently } = protect(options);

  const ask = async <T extends Resource>(
    policy: IPolicy,
    resourceType: T['resourceType'],
    given: Ask,
    work: (options: RequestOptions) => Promise<FhirResource>,
  ): Promise<T> => {
    const answer: unknown = await guarded(policy, given.timeoutMs ?? timeoutMs, given.signal, resourceType, work);
    return answer as T;
  };

  return {
    get breaker(): BreakerState {
      return breaker();
    },

    capabilities(given: Ask = {}): Promise<CapabilityStatement> {
      return ask(patiently, 'CapabilityStatement', given, (o) => client.capabilityStatement(o));
    },

    read<T extends Resource>(resourceType: T['resourceType'], id: string, given: Ask = {}): Promise<T> {
      return ask<T>(patiently, resourceType, given, (o) =>
        client.read({ resourceType, id: encodeURIComponent(id), options: o }),
      );
    },

    /** The open answer to a GET of `url`, relative or absolute, for bodies that are streamed: no time limit but `signal`. */
    raw(url: string, { headers, signal }: { headers: Headers; signal: AbortSignal }): Promise<Response> {
      const target = URL.canParse(url) ? url : `${baseUrl}/${url}`;
      const { origin } = new URL(baseUrl);
      return authorized(headers, (all) => open(target, { method: 'GET', headers: all, signal }, { origin }));
    },

    /**
     * One page of a search. By POST `_search` unless `by` says 'get': parameters that tell of a person stay out of URLs
     * and access logs.
     */
    search(
      resourceType: ResourceType,
      searchParams: SearchParams,
      given: Ask & { by?: 'get' | 'post' } = {},
    ): Promise<Bundle> {
      return ask(patiently, 'Bundle', given, (o) =>
        client.search({ resourceType, searchParams, options: { ...o, postSearch: given.by !== 'get' } }),
      );
    },

    /** The page after `bundle`; null when it was the last. */
    async next(bundle: Bundle, given: Ask = {}): Promise<Bundle | null> {
      const url = bundle.link?.find(({ relation }) => relation === 'next')?.url;
      return url ? ask<Bundle>(patiently, 'Bundle', given, (o) => client.request(url, { options: o })) : null;
    },

    /** Several reads and searches (`Patient/1`, `Condition?patient=…`) in one request; answers in the same order. */
    batch(urls: readonly string[], given: Ask = {}): Promise<Bundle> {
      const body = {
        resourceType: 'Bundle',
        type: 'batch',
        entry: urls.map((url) => ({ request: { method: 'GET', url } })),
      };
      return ask(patiently, 'Bundle', given, (o) => client.request('', { method: 'POST', options: o, body }));
    },

    /** Creates `resource` unless one that matches `ifNoneExist` is there already (FHIR R4 §3.1.0.8.1): safe to repeat. */
    createOnce<T extends Resource>(resource: T, ifNoneExist: string, given: Ask = {}): Promise<Resource> {
      const { resourceType } = resource;
      const headers = { 'if-none-exist': ifNoneExist };
      return ask<T>(once, resourceType, given, async (o) => {
        const body = resource as Resource as unknown as FhirResource;
        const answer = await client.create({ resourceType, body, options: { ...o, headers } });
        // A server may answer 201 without a body (FHIR R4 §3.1.0.1.7).
        return 'resourceType' in answer ? answer : { resourceType };
      });
    },
  };
}

type Headers = Record<string, string>;

/** fhir-kit-client with our own transfer under it: its own reads answers of any size and follows redirects anywhere. */
function connect({ baseUrl, maxBytes = 20_000_000 }: FhirOptions, authorized: Authorized): Client {
  const client = new Client({ baseUrl });
  const { origin } = new URL(baseUrl);
  const http = client.httpClient;
  http.request = async (method, requestUrl, given = {}, body) => {
    const { postSearch: _, signal, headers, ...init } = given;
    const url = requestUrl === '' ? baseUrl : http.expandUrl(requestUrl);
    const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/fhir+json' };
    const request: RequestInit = { ...init, ...content, method, ...(signal ? { signal: signal as AbortSignal } : {}) };
    const plain = { accept: 'application/fhir+json', ...type, ...lowerCased(headers) };
    return authorized(plain, async (all) => {
      return (await transfer(url, { ...request, headers: all }, { origin, maxBytes })) as FhirResource;
    });
  };
  return client;
}

type Authorized = <T>(headers: Headers, exchange: (headers: Headers) => Promise<T>) => Promise<T>;

/** Runs an exchange with the Authorization header; once more when the server refuses the token and there is a newer one. */
function withAuthorization(authorization: FhirOptions['authorization']): Authorized {
  return async (headers, exchange) => {
    if (!authorization) return exchange(headers);
    const token = await authorization(null);
    try {
      return await exchange({ ...headers, authorization: token });
    } catch (error) {
      if (!(error instanceof FhirFailure) || error.kind !== 'unauthorized') throw error;
      const newer = await authorization(token);
      if (newer === token) throw error;
      return exchange({ ...headers, authorization: newer });
    }
  };
}

function protect(options: FhirOptions) {
  const { concurrency = 16, breakAfter = 5, halfOpenAfterMs = 5000 } = options;
  const sick = handleWhen(isSickness);
  const breakerPolicy = circuitBreaker(sick, {
    breaker: new ConsecutiveBreaker(breakAfter),
    halfOpenAfter: new DelegateBackoff(({ result }) => Math.max(halfOpenAfterMs, askedToWait(result))),
  });
  breakerPolicy.onStateChange((state) => options.onBreaker?.(nameOf(state)));
  const once = wrap(breakerPolicy, bulkhead(concurrency, concurrency * 4));
  const again = retry(handleWhen(isTransient), {
    maxAttempts: 2,
    // Full jitter around 100 and 300 ms; a longer wait is the caller's to decide, not ours to sit out.
    backoff: new DelegateBackoff(({ attempt, result }) =>
      Math.max(Math.random() * 200 * attempt * attempt, Math.min(askedToWait(result), 1000)),
    ),
  });
  return { breaker: () => nameOf(breakerPolicy.state), once, patiently: wrap(again, once) };
}

function askedToWait(result: { error?: Error } | { value?: unknown }): number {
  return 'error' in result && result.error instanceof FhirFailure ? (result.error.retryAfterMs ?? 0) : 0;
}

async function guarded(
  policy: IPolicy,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  resourceType: string,
  work: (options: RequestOptions) => Promise<FhirResource>,
): Promise<FhirResource> {
  try {
    return await policy.execute(async () => {
      // Each attempt has its own time; the caller's signal ends all of them.
      const deadline = AbortSignal.timeout(timeoutMs);
      const answer = await work({ signal: signal ? AbortSignal.any([signal, deadline]) : deadline });
      if (answer?.resourceType !== resourceType)
        throw new FhirFailure('malformed', { message: `not a ${resourceType}` });
      return answer;
    }, signal);
  } catch (cause) {
    if (cause instanceof FhirFailure) throw cause;
    if (cause instanceof BrokenCircuitError) throw new FhirFailure('open');
    if (cause instanceof BulkheadRejectedError) throw new FhirFailure('overloaded');
    throw new FhirFailure('cancelled', { cause });
  }
}

function nameOf(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'half-open' : 'open';
}

function lowerCased(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
