/*
 * G.711 by tables (ITU-T G.711): 8-bit companded <-> 16-bit linear, and law to law without going through linear.
 */

export type Law = 'PCMU' | 'PCMA';

/** Static RTP payload types (RFC 3551 §6). */
export const payloadTypeOf: Readonly<Record<Law, number>> = { PCMU: 0, PCMA: 8 };
/** The byte that decodes to (almost) nothing. */
export const silenceByte: Readonly<Record<Law, number>> = { PCMU: 0xff, PCMA: 0xd5 };

function ulawToLinear(code: number): number {
  const value = ~code & 0xff;
  const magnitude = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4);
  return value & 0x80 ? 0x84 - magnitude : magnitude - 0x84;
}

function alawToLinear(code: number): number {
  const value = code ^ 0x55;
  const segment = (value & 0x70) >> 4;
  const mantissa = (value & 0x0f) << 4;
  const magnitude = segment === 0 ? mantissa + 8 : (mantissa + 0x108) << (segment - 1);
  return value & 0x80 ? magnitude : -magnitude;
}

function linearToUlaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 32635) + 0x84;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function linearToAlaw(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(sample >= 0 ? sample : -sample - 1, 32767);
  const exponent = magnitude >= 256 ? 31 - Math.clz32(magnitude) - 7 : 0;
  const mantissa = exponent === 0 ? (magnitude >> 4) & 0x0f : (magnitude >> (exponent + 3)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

/** 256 linear samples, by code. */
export const decodeTable: Readonly<Record<Law, Int16Array>> = {
  PCMU: Int16Array.from({ length: 256 }, (_, code) => ulawToLinear(code)),
  PCMA: Int16Array.from({ length: 256 }, (_, code) => alawToLinear(code)),
};

/** 65536 codes, by linear sample as unsigned 16 bit. */
export const encodeTable: Readonly<Record<Law, Uint8Array>> = {
  PCMU: Uint8Array.from({ length: 65536 }, (_, index) => linearToUlaw((index << 16) >> 16)),
  PCMA: Uint8Array.from({ length: 65536 }, (_, index) => linearToAlaw((index << 16) >> 16)),
};

/** 256 codes of the other law, by code. */
export const transcodeTable: Readonly<Record<Law, Uint8Array>> = {
  PCMU: Uint8Array.from({ length: 256 }, (_, code) => linearToAlaw(ulawToLinear(code))),
  PCMA: Uint8Array.from({ length: 256 }, (_, code) => linearToUlaw(alawToLinear(code))),
};

/** Decodes `length` bytes of `from` at `offset` into `to`, starting at its first sample. */
export function decode(law: Law, from: Uint8Array, offset: number, length: number, to: Int16Array): void {
  const table = decodeTable[law];
  for (let i = 0; i < length; i++) to[i] = table[from[offset + i] as number] as number;
}

/** Encodes the first `length` samples of `from` into `to` at `offset`. */
export function encode(law: Law, from: Int16Array, length: number, to: Uint8Array, offset: number): void {
  const table = encodeTable[law];
  for (let i = 0; i < length; i++) to[offset + i] = table[(from[i] as number) & 0xffff] as number;
}
