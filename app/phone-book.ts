import { BlockList, isIPv4 } from 'node:net';
import type { ExtensionRow, PhoneRows, StaffRow, TrunkRow } from '../db/phones.ts';
import type { Team, TeamStrategy } from '../routing/rows.ts';
import type { StaffFacts } from '../routing/types.ts';
import type { E164, Region } from '../sip/address.ts';
import type { Ha1s } from '../sip/digest.ts';
import type { Extension, Line, OutboundTrunk, Person, Phones, Trunk } from './calls/deps.ts';

/** What is happening on the phones now, which the tables do not know. */
type PhoneState = {
  readonly registered: (extension: string) => boolean;
  readonly busy: (extension: string) => boolean;
  readonly lastCallEndedAt?: (extension: string) => Date | null;
};

/** Lines, trunks, phones and people as the tables have them, indexed; immutable. */
export class PhoneBook implements Phones {
  readonly region: Region;
  readonly outboundTrunks: readonly OutboundTrunk[];
  readonly #lines: ReadonlyMap<string, Line>;
  readonly #trunks: readonly { readonly trunk: Trunk; readonly bits: number; readonly network: BlockList }[];
  readonly #extensions: ReadonlyMap<string, ExtensionRow>;
  readonly #people: ReadonlyMap<string, Person>;
  readonly #staff: readonly StaffRow[];
  readonly #teams: ReadonlyMap<string, Team>;

  constructor(rows: PhoneRows, region: Region) {
    this.region = region;
    this.#lines = new Map(
      rows.lines.map((line) => [line.number, { ...line, place: line.usState && `US-${line.usState}` }]),
    );
    this.outboundTrunks = rows.trunks.flatMap(({ source: _, outboundUri, ...trunk }) =>
      outboundUri === null ? [] : [{ ...trunk, outboundUri }],
    );
    this.#trunks = rows.trunks.flatMap(networksOf).sort((a, b) => b.bits - a.bits);
    // One that is for emergency calls alone is not for others.
    this.#extensions = new Map(rows.extensions.map((extension) => [extension.number, extension]));
    this.#staff = rows.staff;
    this.#teams = new Map(rows.teams.map((team) => [team.name, team]));
    const phones = rows.extensions.map(({ number, displayName }) => ({ name: displayName, extension: number }));
    const staff = rows.staff.flatMap(({ name, extension }) => (extension === null ? [] : [{ name, extension }]));
    this.#people = new Map([...phones, ...staff].map((person) => [person.extension, person]));
  }

  line(number: E164): Line | null {
    return this.#lines.get(number) ?? null;
  }

  /** The trunk whose network holds `address`, the narrowest network first; null: none does. */
  trunkAt(address: string): Trunk | null {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
    return this.#trunks.find(({ network }) => network.check(plain, family))?.trunk ?? null;
  }

  isExtension(number: string): boolean {
    return this.#extensions.has(number);
  }

  extension(number: string): Extension | null {
    const row = this.#extensions.get(number);
    if (!row) return null;
    const [firstLine] = this.#lines.values();
    return { ...row, callerId: row.line ?? firstLine?.number ?? null };
  }

  /** Whose phone it is, or the phone's own name. */
  personAt(extension: string): Person | null {
    return this.#people.get(extension) ?? null;
  }

  /** Digest secrets of an enabled extension; null: there is none such. */
  secretsOf(extension: string): Ha1s | null {
    const row = this.#extensions.get(extension);
    return row ? { MD5: row.md5, 'SHA-256': row.sha256 } : null;
  }

  strategyOf(team: string): TeamStrategy {
    return this.#teams.get(team)?.strategy ?? 'ring-all';
  }

  staff(state: PhoneState): readonly StaffFacts[] {
    return this.#staff.map(({ id, name: _, ...person }) => {
      const extension = person.extension !== null && this.#extensions.has(person.extension) ? person.extension : null;
      const inCall = extension !== null && state.busy(extension);
      return {
        ...person,
        staffId: id,
        extension,
        state: person.state === 'available' && inCall ? 'busy' : person.state,
        registered: extension !== null && state.registered(extension),
        lastCallEndedAt: (extension !== null && state.lastCallEndedAt?.(extension)) || null,
      };
    });
  }
}

function networksOf({ source, ...row }: TrunkRow) {
  return source.map((cidr) => {
    const [address = '', prefix = ''] = cidr.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    const bits = prefix === '' ? (family === 'ipv4' ? 32 : 128) : Number(prefix);
    const network = new BlockList();
    network.addSubnet(address, bits, family);
    return { trunk: row, bits, network };
  });
}
