import { LRUCache } from 'lru-cache';
import { type SipUri, toSipUri } from './address.ts';
import { applyRegister, type Binding, contactHeader } from './bindings.ts';
import { type DigestAuthority, type Ha1s, parseAuthorization } from './digest.ts';
import { DigestOffers } from './digest-offer.ts';
import type { RegisterRequest } from './ports.ts';

export type RegistrarOptions = {
  readonly authority: DigestAuthority;
  /** Name of the edge that this app node's phones reach. */
  readonly edge: string;
  /** HA1s of an enabled extension; null: none such. */
  readonly findSecrets: (extension: string) => Ha1s | null;
  /** Stores an extension's bindings; memory goes on serving when it rejects. */
  readonly save: (extension: string, bindings: readonly Binding[]) => Promise<void>;
  readonly onChange: (extension: string, bindings: readonly Binding[]) => void;
  readonly onRefused: (cause: 'auth' | 'banned' | 'invalid') => void;
  readonly onTrouble: (what: string, cause: unknown) => void;
};

/** Where a phone is called: the contact, and the address that the edge must send to when NAT hides it. */
export type PhoneTarget = { readonly uri: SipUri; readonly proxy: SipUri | null };

const failuresBeforeBan = 20;
const banMs = 5 * 60_000;

/** RFC 3261 §10: takes REGISTERs of desk phones, keeps their bindings in memory and in Postgres. */
export class Registrar {
  readonly offers = new DigestOffers();
  readonly #options: RegistrarOptions;
  readonly #bindings = new Map<string, readonly Binding[]>();
  readonly #failures = new LRUCache<string, number>({ max: 10_000, ttl: banMs });
  readonly #sweep: NodeJS.Timeout;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.sweep(new Date()), 10_000).unref();
  }

  /** Takes up what an earlier process stored. */
  restore(bindings: readonly Binding[]): void {
    for (const [extension, own] of Map.groupBy(bindings, (binding) => binding.extension)) this.#set(extension, own);
  }

  async handle(request: RegisterRequest): Promise<void> {
    const { authority, findSecrets, onRefused } = this.#options;
    const source = request.source.address;
    if ((this.#failures.get(source) ?? 0) >= failuresBeforeBan) {
      onRefused('banned');
      request.respond(403);
      return;
    }
    const result = authority.check(request.authorization, 'REGISTER', findSecrets(request.user));
    if (result.kind === 'failed') {
      this.#failures.set(source, (this.#failures.get(source) ?? 0) + 1);
      onRefused('auth');
      request.respond(403);
      return;
    }
    if (result.kind === 'challenge') {
      const offered = this.offers.next({ user: request.user, address: source, userAgent: request.userAgent });
      request.respond(401, undefined, { 'WWW-Authenticate': authority.challenge(result.stale, offered) });
      return;
    }
    this.offers.answered({ user: request.user, address: source });
    const answered = usernameOf(request);
    const now = new Date();
    const outcome =
      answered === request.user
        ? applyRegister(this.#bindings.get(request.user) ?? [], request, this.#options.edge, now)
        : ({ kind: 'refused', status: 403, reason: 'Not Your Extension' } as const);
    if (outcome.kind === 'refused') {
      onRefused('invalid');
      const minExpires = 'minExpires' in outcome ? outcome.minExpires : undefined;
      request.respond(outcome.status, outcome.reason, minExpires ? { 'Min-Expires': String(minExpires) } : {});
      return;
    }
    this.#set(request.user, outcome.bindings);
    const contacts = contactHeader(outcome.bindings, now);
    request.respond(200, undefined, { ...(contacts && { Contact: contacts }), Date: now.toUTCString() });
    this.#store(request.user, outcome.bindings);
  }

  get authority(): DigestAuthority {
    return this.#options.authority;
  }

  isRegistered(extension: string): boolean {
    return this.targets(extension).length > 0;
  }

  /** Whether a phone of this extension is registered from this address. */
  isAt(extension: string, address: string): boolean {
    const now = new Date();
    return (this.#bindings.get(extension) ?? []).some(
      (binding) => binding.received === address && binding.expiresAt > now,
    );
  }

  get count(): number {
    return [...this.#bindings.values()].reduce((sum, bindings) => sum + bindings.length, 0);
  }

  /** The phones of an extension, preferred first. */
  targets(extension: string): readonly PhoneTarget[] {
    const now = new Date();
    return (this.#bindings.get(extension) ?? [])
      .filter((binding) => binding.expiresAt > now)
      .toSorted((a, b) => b.q - a.q)
      .map(targetOf)
      .filter((target) => target !== null);
  }

  /** Forgets what has expired; the store follows. */
  sweep(now: Date): void {
    for (const [extension, bindings] of this.#bindings) {
      const living = bindings.filter((binding) => binding.expiresAt > now);
      if (living.length === bindings.length) continue;
      this.#set(extension, living);
      this.#store(extension, living);
    }
  }

  close(): void {
    clearInterval(this.#sweep);
  }

  #set(extension: string, bindings: readonly Binding[]): void {
    if (bindings.length > 0) this.#bindings.set(extension, bindings);
    else this.#bindings.delete(extension);
    this.#options.onChange(extension, bindings);
  }

  #store(extension: string, bindings: readonly Binding[]): void {
    this.#options
      .save(extension, bindings)
      .catch((cause: unknown) => this.#options.onTrouble('storing a registration', cause));
  }
}

const usernameOf = (request: RegisterRequest) => parseAuthorization(request.authorization ?? '')?.get('username');

function targetOf(binding: Binding): PhoneTarget | null {
  const uri = toSipUri(binding.contact);
  if (!uri) return null;
  const [, protocol, address, port] = /^(\w+)\/(.+):(\d+)$/.exec(binding.flow) ?? [];
  // A UDP phone behind NAT names an address that only its own network knows (RFC 3581): send to where it spoke from.
  const natted = protocol === 'udp' && address !== undefined && !binding.contact.includes(`@${address}`);
  return { uri, proxy: natted ? (`sip:${address}:${port}` as SipUri) : null };
}
