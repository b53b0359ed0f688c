import { type E164, type Region, toE164 } from '../../sip/address.ts';

/** What a phone's dialled digits mean. */
export type Dialled =
  | { readonly kind: 'extension'; readonly extension: string }
  /** 911, or 933: the carriers' test that reads back the location (Kari's Law: no prefix needed, with one accepted too). */
  | { readonly kind: 'emergency'; readonly service: '911' | '933' }
  | { readonly kind: 'outside'; readonly number: E164 }
  /** *8 and an extension: answers what rings there. */
  | { readonly kind: 'pickup'; readonly extension: string }
  /** *701 to *709: takes the call parked there; as the target of a transfer, parks. */
  | { readonly kind: 'parked'; readonly slot: string }
  | { readonly kind: 'unknown' };

/** Whether these digits call for help, or test that. */
export const isEmergency = (dialled: string): boolean => /^9?9(11|33)$/.test(dialled);

/** Emergency first: no extension and no class of service may stand before it (47 CFR 9.16). */
export function readDialled(dialled: string, region: Region, isExtension: (number: string) => boolean): Dialled {
  if (/^9?911$/.test(dialled)) return { kind: 'emergency', service: '911' };
  if (/^9?933$/.test(dialled)) return { kind: 'emergency', service: '933' };
  if (isExtension(dialled)) return { kind: 'extension', extension: dialled };
  const [, picked] = /^\*8(\d+)$/.exec(dialled) ?? [];
  if (picked !== undefined && isExtension(picked)) return { kind: 'pickup', extension: picked };
  const [, slot] = /^\*70([1-9])$/.exec(dialled) ?? [];
  if (slot !== undefined) return { kind: 'parked', slot };
  const number = dialled.replace(/\D/g, '').length >= 7 ? toE164(dialled, region) : null;
  return number ? { kind: 'outside', number } : { kind: 'unknown' };
}
