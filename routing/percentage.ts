/**
 * Whether `caller` belongs to the share of callers that a rule takes: the same caller always gets the same answer, and
 * raising the percentage keeps everybody who was in. Withheld numbers are never in.
 */
export function inPercentage(caller: string | null, ruleId: number, percentage: number): boolean {
  return caller !== null && hash(`${ruleId} ${caller}`) / 2 ** 32 < percentage / 100;
}

/** FNV-1a with murmur3's finalizer, which spreads numbers that differ only in their last digits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
