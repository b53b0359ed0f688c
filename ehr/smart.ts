import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { FhirFailure } from './fhir-failure.ts';
import { transfer } from './transfer.ts';

/*
 * SMART Backend Services (HL7 SMART App Launch 2.2, "backend services"): OAuth 2.0 client_credentials with a
 * client assertion signed by our own key (RFC 7523), so that no secret is ever sent.
 */

export type BackendServicesOptions = {
  readonly baseUrl: string;
  readonly clientId: string;
  /** Our private key: PKCS #8 PEM, or a JWK as JSON. RSA signs RS384, EC P-384 signs ES384. */
  readonly privateKey: string;
  /** Key id as registered with the EHR; a JWK's own `kid` when left out. */
  readonly keyId?: string | undefined;
  readonly scope: string;
  /** Default: `token_endpoint` of `.well-known/smart-configuration`. */
  readonly tokenUrl?: string | undefined;
  readonly now?: () => number;
};

type Token = { readonly value: string; readonly renewAtMs: number };

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 1_000_000;
/** A token is renewed this long before it ends; one that lives shorter, at half its time. */
const EARLY_MS = 60_000;

/**
 * Value of the Authorization header for each request: renewed before the token ends, and at once when the server
 * refused `refused`. Rejects with `FhirFailure`. Throws at once when the key cannot be read.
 */
export function backendServices(options: BackendServicesOptions): (refused: string | null) => Promise<string> {
  const { now = Date.now } = options;
  const key = readKey(options.privateKey, options.keyId);
  let token: Token | null = null;
  let renewing: Promise<Token> | null = null;
  return async (refused) => {
    if (token && token.value !== refused && now() < token.renewAtMs) return token.value;
    renewing ??= requestToken(options, key, now()).finally(() => {
      renewing = null;
    });
    token = await renewing;
    return token.value;
  };
}

type SigningKey = { readonly key: KeyObject; readonly algorithm: 'RS384' | 'ES384'; readonly keyId: string | null };

function readKey(text: string, keyId: string | undefined): SigningKey {
  const jwk = text.trimStart().startsWith('{') ? (JSON.parse(text) as { kid?: string }) : null;
  const key = jwk ? createPrivateKey({ key: jwk, format: 'jwk' }) : createPrivateKey(text);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') return { key, algorithm: 'RS384', keyId: keyId ?? jwk?.kid ?? null };
  if (type === 'ec' && details?.namedCurve === 'secp384r1')
    return { key, algorithm: 'ES384', keyId: keyId ?? jwk?.kid ?? null };
  throw new Error('the EHR client key must be RSA or EC P-384');
}

async function requestToken(options: BackendServicesOptions, key: SigningKey, nowMs: number): Promise<Token> {
  const tokenUrl = options.tokenUrl ?? (await discoverTokenUrl(options.baseUrl));
  const seconds = Math.floor(nowMs / 1000);
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: key.algorithm, typ: 'JWT', ...(key.keyId ? { kid: key.keyId } : {}) })
    .setIssuer(options.clientId)
    .setSubject(options.clientId)
    .setAudience(tokenUrl)
    .setJti(randomUUID())
    .setIssuedAt(seconds)
    // At most five minutes ahead.
    .setExpirationTime(seconds + 240)
    .sign(key.key);
  const answer = (await ask(tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: options.scope,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }).toString(),
  })) as { access_token?: unknown; expires_in?: unknown };
  if (typeof answer.access_token !== 'string') throw new FhirFailure('malformed', { message: 'no access_token' });
  const given = Number(answer.expires_in);
  const lifetimeMs = Number.isFinite(given) && given > 0 ? given * 1000 : 300_000;
  return {
    value: `Bearer ${answer.access_token}`,
    renewAtMs: nowMs + Math.max(lifetimeMs - EARLY_MS, lifetimeMs / 2),
  };
}

async function discoverTokenUrl(baseUrl: string): Promise<string> {
  const url = `${baseUrl.replace(/\/+$/, '')}/.well-known/smart-configuration`;
  const { token_endpoint: endpoint } = (await ask(url, { method: 'GET', headers: { accept: 'application/json' } })) as {
    token_endpoint?: unknown;
  };
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint))
    throw new FhirFailure('malformed', { message: 'smart-configuration names no token_endpoint' });
  // The assertion is good for a token: it goes over TLS, or to the very server that we were told to trust.
  if (new URL(endpoint).protocol !== 'https:' && new URL(endpoint).origin !== new URL(baseUrl).origin)
    throw new FhirFailure('unsafe', { message: 'token_endpoint is not https' });
  return endpoint;
}

async function ask(url: string, init: RequestInit): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await transfer(url, { ...init, signal }, { origin: new URL(url).origin, maxBytes: MAX_BYTES });
  } catch (error) {
    // 400 invalid_client and the like: our registration, key or scope, not this or that request.
    if (error instanceof FhirFailure && error.kind === 'refused')
      throw new FhirFailure('unauthorized', { ...(error.status ? { status: error.status } : {}), cause: error });
    throw error;
  }
}
