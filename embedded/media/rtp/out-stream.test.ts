import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OutStream } from './out-stream.ts';
import { marker, payloadType, sequence, ssrc, timestamp } from './packet.ts';

type Sent = { sequence: number; timestamp: number; marker: boolean; type: number; ssrc: number; length: number };

function record(): { stream: OutStream; sent: Sent[] } {
  const sent: Sent[] = [];
  const stream = new OutStream(0x1234, (packet, length) => {
    sent.push({
      sequence: sequence(packet),
      timestamp: timestamp(packet),
      marker: marker(packet),
      type: payloadType(packet),
      ssrc: ssrc(packet),
      length,
    });
  });
  return { stream, sent };
}

const silence = new Int16Array(160);
const audio = (number: number, source = 7) => ({
  ssrc: source,
  sequence: (1000 + number) & 0xffff,
  timestamp: (5_000_000 + number * 160) >>> 0,
  marker: false,
  payload: Buffer.alloc(160),
  offset: 0,
  length: 160,
});

const steps = (values: readonly number[], mask: number) =>
  values.slice(1).map((value, index) => (value - (values[index] as number)) & mask);

describe('the stream to a party', () => {
  test('has one SSRC and numbers without a gap, whatever makes its packets', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('frame', 'silence', 'pass', 'event'), { maxLength: 80 }), (kinds) => {
        const { stream, sent } = record();
        kinds.forEach((kind, index) => {
          if (kind === 'frame') stream.frame('PCMU', silence);
          else if (kind === 'silence') stream.silence('PCMU');
          else if (kind === 'pass') stream.passAudio(audio(index), 'PCMU', null);
          else stream.event(101, Uint8Array.of(1, 0, 0, 0), true);
        });
        expect(sent.length).toBe(kinds.length);
        expect(new Set(sent.map((packet) => packet.ssrc)).size).toBeLessThanOrEqual(1);
        expect(
          steps(
            sent.map((packet) => packet.sequence),
            0xffff,
          ).every((step) => step === 1),
        ).toBe(true);
        expect(
          steps(
            sent.map((packet) => packet.timestamp),
            0xffffffff,
          ).every((step) => step < 160 * 100),
        ).toBe(true);
      }),
    );
  });

  test('marks the first packet and the first after a change of source', () => {
    const { stream, sent } = record();
    stream.silence('PCMU');
    stream.silence('PCMU');
    stream.passAudio(audio(0), 'PCMU', null);
    stream.passAudio(audio(1), 'PCMU', null);
    stream.passAudio(audio(2, 8), 'PCMU', null);
    expect(sent.map((packet) => packet.marker)).toEqual([true, false, true, false, true]);
  });

  test('passes loss and reordering on as they came', () => {
    const { stream, sent } = record();
    for (const number of [0, 1, 3, 2, 6]) stream.passAudio(audio(number), 'PCMU', null);
    expect(sent.map((packet) => (packet.sequence - (sent[0] as Sent).sequence) & 0xffff)).toEqual([0, 1, 3, 2, 6]);
    expect(sent.map((packet) => (packet.timestamp - (sent[0] as Sent).timestamp) / 160)).toEqual([0, 1, 3, 2, 6]);
  });

  test('cuts frames into packets of the time that the peer asked for', () => {
    const { stream, sent } = record();
    stream.packetSamples = 240;
    for (let i = 0; i < 6; i++) stream.frame('PCMA', silence);
    expect(sent.map((packet) => packet.length)).toEqual([252, 252, 252, 252]);
    expect(
      steps(
        sent.map((packet) => packet.timestamp),
        0xffffffff,
      ),
    ).toEqual([240, 240, 240]);
  });
});
