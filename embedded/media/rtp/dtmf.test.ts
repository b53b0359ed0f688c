import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DtmfReceiver } from './dtmf-receiver.ts';
import { DtmfSender } from './dtmf-sender.ts';

type Packet = { readonly timestamp: number; readonly payload: Uint8Array };
const keys = '0123456789*#ABCD';

/** The packets of a key press as a phone sends them: growing durations, three with the E bit. */
function press(key: string, timestamp: number, steps = 5): Packet[] {
  const payload = (step: number, end: boolean) => {
    const duration = step * 160;
    return Uint8Array.of(keys.indexOf(key), end ? 0x8a : 0x0a, duration >> 8, duration & 0xff);
  };
  const growing = Array.from({ length: steps - 1 }, (_, i) => ({ timestamp, payload: payload(i + 1, false) }));
  const ends = Array.from({ length: 3 }, () => ({ timestamp, payload: payload(steps, true) }));
  return [...growing, ...ends];
}

/** Digits told for packets that come 20 ms apart, with clock ticks until two seconds after the last. */
function digitsOf(packets: readonly Packet[]): string {
  let told = '';
  const receiver = new DtmfReceiver((digit) => {
    told += digit;
  });
  let now = 0;
  for (const { timestamp, payload } of packets) {
    now += 20;
    receiver.packet(timestamp, payload, 0, payload.length, now);
    receiver.tick(now);
  }
  for (let i = 1; i <= 100; i++) receiver.tick(now + i * 20);
  return told;
}

const keyText = fc.string({ unit: fc.constantFrom(...keys), minLength: 1, maxLength: 8 });
const start = (index: number) => (0xfffffff0 + index * 4000) >>> 0;

describe('receiving telephone-events', () => {
  test('a digit is told at the first end packet, with its duration', () => {
    const told: [string, number][] = [];
    const receiver = new DtmfReceiver((digit, duration) => told.push([digit, duration]));
    const packets = press('7', 1000);
    packets.forEach(({ timestamp, payload }, index) => {
      receiver.packet(timestamp, payload, 0, 4, index * 20);
      expect(told.length).toBe(index >= 4 ? 1 : 0);
    });
    expect(told).toEqual([['7', 800]]);
  });

  test('any packets may be lost, if one of each key arrives', () => {
    fc.assert(
      fc.property(keyText, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (text, chance) => {
        const packets = [...text].flatMap((key, index) => {
          const all = press(key, start(index));
          const kept = all.filter(() => (chance.next().value as number) > 0.6);
          return kept.length > 0 ? kept : all.slice(2, 3);
        });
        expect(digitsOf(packets)).toBe(text);
      }),
    );
  });

  test('packets may be doubled and swapped with their neighbours within a key', () => {
    fc.assert(
      fc.property(keyText, fc.infiniteStream(fc.nat(3)), (text, choice) => {
        const packets = [...text].flatMap((key, index) => {
          const all = press(key, start(index)).flatMap((packet) =>
            choice.next().value === 0 ? [packet, packet] : [packet],
          );
          for (let i = 1; i < all.length; i++) {
            if (choice.next().value === 1) [all[i - 1], all[i]] = [all[i] as Packet, all[i - 1] as Packet];
          }
          return all;
        });
        expect(digitsOf(packets)).toBe(text);
      }),
    );
  });

  test('a late packet of the key before does not repeat or cut a key', () => {
    const one = press('1', 1000);
    const two = press('2', 5000);
    expect(digitsOf([...one.slice(0, 6), ...two.slice(0, 3), one[6] as Packet, ...two.slice(3)])).toBe('12');
  });

  test('the same key twice is two digits', () => {
    expect(digitsOf([...press('4', 1000), ...press('4', 5000)])).toBe('44');
  });

  test('a key held longer than a duration field can say is one digit', () => {
    const held = Uint8Array.of(5, 0x0a, 0xff, 0xff);
    const rest = Uint8Array.of(5, 0x8a, 0x01, 0x00);
    expect(
      digitsOf([
        { timestamp: 1000, payload: held },
        { timestamp: 1000 + 0xffff, payload: rest },
      ]),
    ).toBe('5');
  });

  test('nonsense is ignored', () => {
    expect(
      digitsOf([
        { timestamp: 1, payload: Uint8Array.of(200, 0, 0, 0) },
        { timestamp: 2, payload: Uint8Array.of(1) },
      ]),
    ).toBe('');
  });
});

describe('sending telephone-events', () => {
  test('what is sent is what a receiver tells', () => {
    fc.assert(
      fc.property(keyText, fc.integer({ min: 40, max: 400 }), (text, durationMs) => {
        const sender = new DtmfSender();
        sender.send(text, durationMs);
        const packets: Packet[] = [];
        let eventAt = 0;
        for (let tick = 0; sender.busy; tick++) {
          const packet = sender.next();
          if (packet === null) continue;
          if (packet.start) eventAt = tick * 160;
          packets.push({ timestamp: eventAt, payload: packet.payload.slice() });
        }
        expect(digitsOf(packets)).toBe(text);
      }),
    );
  });
});
