import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

type Interface = {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly subnet: BlockList;
  readonly internal: boolean;
};

let known: readonly Interface[] = [];
let knownAt = Number.NEGATIVE_INFINITY;

/** The address to write into Via and Contact towards `remote`: `bound` itself unless the listener took all addresses. */
export function localAddressTowards(bound: string, remote: string): string {
  if (bound !== '0.0.0.0' && bound !== '::') return bound;
  const family = isIP(remote) === 6 ? 'ipv6' : 'ipv4';
  const candidates = interfaces().filter((one) => one.family === family);
  const near = candidates.find((one) => one.subnet.check(remote, family));
  const chosen = near ?? candidates.find((one) => !one.internal) ?? candidates[0];
  return chosen?.address ?? (family === 'ipv6' ? '::1' : '127.0.0.1');
}

/** Every address under which this machine is reached when a listener took all of them. */
export function ownAddresses(): readonly string[] {
  return interfaces().map((one) => one.address);
}

function interfaces(): readonly Interface[] {
  // The list costs a system call and changes rarely.
  if (performance.now() - knownAt < 10_000) return known;
  knownAt = performance.now();
  known = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map((one) => {
      const family = one.family === 'IPv6' ? 'ipv6' : 'ipv4';
      const subnet = new BlockList();
      subnet.addSubnet(one.address, Number(one.cidr?.split('/')[1] ?? (family === 'ipv6' ? 128 : 32)), family);
      return { address: one.address, family, subnet, internal: one.internal } as const;
    }),
  );
  return known;
}
