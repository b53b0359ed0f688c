import { expect, test } from '@jest/globals';
import { pidfLo } from '../../sip/pidf-lo.ts';
import { readBack } from './answering-point.ts';

const address = {
  country: 'US',
  state: 'MD',
  city: 'Silver Spring',
  houseNumber: '1200',
  street: 'Main & Elm Street',
  postalCode: '20910',
  placeName: null,
  floor: '2',
  room: null,
};

test('what came with the call is read back', () => {
  const body = pidfLo('sip:+12025550130@localhost', address, new Date());
  const said = readBack({ from: '<sip:+12025550130@localhost>;tag=1', body });
  expect(said).toContain('1 2 0 2 5 5 5 0 1 3 0.');
  expect(said).toContain('1200 Main and Elm Street, floor 2, Silver Spring MD.');
});

test('what is missing is said to be', () => {
  const said = readBack({ from: '<sip:anonymous@localhost>;tag=1', body: 'v=0' });
  expect(said).toContain('no callback number');
  expect(said).toContain('no location');
});
