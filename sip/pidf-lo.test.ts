import { expect, test } from '@jest/globals';
import { type CivicAddress, inWords, pidfLo } from './pidf-lo.ts';

const address: CivicAddress = {
  country: 'US',
  state: 'MD',
  city: 'Silver Spring',
  houseNumber: '1200',
  street: 'Main Street',
  postalCode: '20910',
  placeName: 'Dr. Ruiz & <Partners>',
  floor: '2',
  room: null,
};

test('a civic address in the order of its schema, text escaped, empty parts left out', () => {
  const xml = pidfLo('sip:+12025550130@localhost', address, new Date('2026-11-22T12:00:00Z'));
  const civic = /<ca:civicAddress>(.*)<\/ca:civicAddress>/.exec(xml)?.[1];
  expect(civic).toBe(
    '<ca:country>US</ca:country><ca:A1>MD</ca:A1><ca:A3>Silver Spring</ca:A3><ca:HNO>1200</ca:HNO>' +
      '<ca:NAM>Dr. Ruiz &amp; &lt;Partners&gt;</ca:NAM><ca:PC>20910</ca:PC><ca:FLR>2</ca:FLR><ca:RD>Main Street</ca:RD>',
  );
  expect(xml).toContain('entity="sip:+12025550130@localhost"');
  expect(xml).toContain('<dm:timestamp>2026-11-22T12:00:00.000Z</dm:timestamp>');
});

test('for people', () => {
  expect(inWords({ ...address, placeName: null, room: '204' })).toBe(
    '1200 Main Street, floor 2, room 204, Silver Spring MD 20910',
  );
});
