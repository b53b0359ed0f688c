/*
 * G.711 (ITU-T). A call's audio reaches the recorder as 16-bit PCM that a G.711 decoder made; encoding it by the same
 * law gives back the bytes that were on the wire, so storing them loses nothing at half the size.
 */

/** Names as in SDP (RFC 3551 §6). */
export type Law = 'PCMU' | 'PCMA';

function decodeMuLaw(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = ((((inverted & 0x0f) << 3) + 0x84) << ((inverted & 0x70) >> 4)) - 0x84;
  return inverted & 0x80 ? -magnitude : magnitude;
}

function encodeMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const biased = Math.min(Math.abs(sample), 32635) + 0x84;
  const exponent = 24 - Math.clz32(biased);
  return ~(sign | (exponent << 4) | ((biased >> (exponent + 3)) & 0x0f)) & 0xff;
}

function decodeALaw(code: number): number {
  const toggled = code ^ 0x55;
  const exponent = (toggled & 0x70) >> 4;
  const mantissa = ((toggled & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return toggled & 0x80 ? magnitude : -magnitude;
}

function encodeALaw(sample: number): number {
  const magnitude = sample < 0 ? -sample - 1 : sample;
  const exponent = magnitude < 256 ? 0 : 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (exponent === 0 ? 4 : exponent + 3)) & 0x0f;
  return ((exponent << 4) | mantissa) ^ (sample < 0 ? 0x55 : 0xd5);
}

const table = (encode: (sample: number) => number) =>
  Uint8Array.from({ length: 65536 }, (_, index) => encode(index < 32768 ? index : index - 65536));

const encoders: Readonly<Record<Law, Uint8Array>> = { PCMU: table(encodeMuLaw), PCMA: table(encodeALaw) };
const decoders: Readonly<Record<Law, Int16Array>> = {
  PCMU: Int16Array.from({ length: 256 }, (_, code) => decodeMuLaw(code)),
  PCMA: Int16Array.from({ length: 256 }, (_, code) => decodeALaw(code)),
};

/** Encodes 16-bit little-endian PCM from `pcm` into `codes` at `offset`, one byte a sample. */
export function encodeG711(law: Law, pcm: Buffer, codes: Buffer, offset: number): void {
  const encoder = encoders[law];
  for (let byte = 0, at = offset; byte + 1 < pcm.length; byte += 2, at += 1) {
    codes[at] = encoder[pcm.readUInt16LE(byte)] ?? 0;
  }
}

/** The codes as 16-bit little-endian PCM. */
export function decodeG711(law: Law, codes: Buffer): Buffer {
  const decoder = decoders[law];
  const pcm = Buffer.allocUnsafe(codes.length * 2);
  for (let index = 0; index < codes.length; index += 1) {
    pcm.writeInt16LE(decoder[codes[index] ?? 0] ?? 0, index * 2);
  }
  return pcm;
}
