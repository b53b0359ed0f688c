import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Carrier, openTrunk } from '../support/carrier.ts';
import { type Clinic, startClinic } from '../support/clinic.ts';
import { RawPhone } from '../support/raw-phone.ts';
import { onRealServers } from '../support/servers.ts';
import { until } from '../support/until.ts';

/* 911 and 933 (47 CFR 9.16): out by the emergency trunk, located, told to every screen, whatever else is broken. */

const phoneHertz = 440;
const answeringHertz = 880;
const soon = (ms = 20_000) => AbortSignal.timeout(ms);

async function phoneAt(clinic: Clinic, extension: '201' | '230'): Promise<RawPhone> {
  const secret = clinic.secrets.extensions[extension];
  return RawPhone.open({ extension, secret, registrar: clinic.sip, toneHertz: phoneHertz });
}

describe('an emergency call', () => {
  let clinic: Clinic;
  let psap: Carrier;
  let other: Carrier;
  let phone: RawPhone;
  beforeAll(async () => {
    clinic = await startClinic();
    await clinic.rows(`
      insert into location (name, state, city, house_number, street, postal_code, floor, room)
      values ('front', 'MD', 'Silver Spring', '1200', 'Main Street', '20910', '2', '204')`);
    await clinic.rows(`
      update extension set location = 'front', callback_number = '+12025550130', calling_class = 'internal',
        daily_minutes = 0 where number = '230'`);
  }, 120_000);
  beforeEach(async () => {
    [psap, other] = [await Carrier.open(answeringHertz), await Carrier.open(600)];
    await openTrunk(clinic, 'emergency', psap, { emergency: true, max_channels: 1 });
    await openTrunk(clinic, 'carrier', other);
    phone = await phoneAt(clinic, '230');
  });
  afterEach(async () => {
    await phone.close();
    await clinic.rows(`delete from trunk where name <> 'loopback'`);
    await Promise.all([psap.close(), other.close()]);
    await clinic.checkIdle();
  });
  afterAll(() => clinic?.stop());

  test.each(['911', '9911', '933', '9933'])(
    '%s reaches the answering point with callback number and location, and every screen',
    async (dialled) => {
      const screen = await clinic.screen('nurse');
      const started = performance.now();
      const call = await phone.dials(dialled);
      expect(performance.now() - started).toBeLessThan(3_000);
      await call.rtp.hearsTone(answeringHertz, soon());
      await psap.talking[0]?.rtp.hearsTone(phoneHertz, soon());
      const taken = await psap.nextCall();
      expect(taken.dialled).toBe(dialled.slice(-3));
      expect(taken.from).toContain('+12025550130');
      expect(taken.headers('Geolocation')).toMatch(/^<cid:[^>]+>$/);
      expect(taken.headers('Content-Type')).toMatch(/^multipart\/mixed;boundary=/);
      const contentId = taken.headers('Geolocation')?.slice(5, -1);
      expect(taken.body).toContain(`Content-ID: <${contentId}>`);
      for (const element of ['<ca:HNO>1200<', '<ca:RD>Main Street<', '<ca:A1>MD<', '<ca:FLR>2<', '<ca:ROOM>204<'])
        expect(taken.body).toContain(element);
      expect(other.calls).toHaveLength(0);

      const view = await screen.shows(
        (shown) => shown.state === 'talking' && shown.emergency?.service === dialled.slice(-3),
      );
      expect(view.emergency).toEqual({
        service: dialled.slice(-3),
        callbackNumber: '+12025550130',
        location: '1200 Main Street, floor 2, room 204, Silver Spring MD 20910',
      });
      await call.dialog.hangUp();
      await psap.talking[0]?.isReleased();
    },
  );

  test.each<['silence' | number]>([['silence'], [500], [404], [302]])(
    'goes by any other trunk when the emergency trunk answers with %s',
    async (does) => {
      psap.does = does;
      const call = await phone.dials('911');
      await call.rtp.hearsTone(600, soon());
      expect(psap.calls).toHaveLength(1);
    },
  );

  test('goes out while every channel is taken and the database does not answer', async () => {
    const first = await phone.dials('911');
    await first.rtp.hearsTone(answeringHertz, soon());
    const database = await clinic.db.connect();
    try {
      await database.query('begin');
      await database.query('lock table call, call_event, call_leg, extension, trunk in access exclusive mode');
      const second = await phone.dials('911');
      await second.rtp.hearsTone(answeringHertz, soon());
      expect(psap.calls).toHaveLength(2);
    } finally {
      await database.query('rollback');
      database.release();
    }
  });

  test('that the caller gives up before the answer is given up at the trunk', async () => {
    psap.does = 'rings';
    const ringing = phone.tries('911', AbortSignal.timeout(2_000));
    const taken = await psap.nextCall();
    expect((await ringing).result).toMatchObject({ kind: 'refused' });
    await until(() => (taken.cancelled.aborted ? true : null), 'a CANCEL at the trunk');
    expect(other.calls).toHaveLength(0);
  });
});

// The real media server has its ports: there is no such shortage to make.
(onRealServers ? test.skip : test)(
  'without media the phone and the answering point are connected directly',
  async () => {
    // The one pair of ports that the media server may use is taken.
    const taken = createSocket('udp4').bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = taken.address().port & ~1;
    const clinic = await startClinic({
      settings: { EMBEDDED_RTP_MIN: String(port), EMBEDDED_RTP_MAX: String(port + 1) },
    });
    const psap = await Carrier.open(answeringHertz);
    try {
      await openTrunk(clinic, 'emergency', psap, { emergency: true });
      const phone = await phoneAt(clinic, '201');
      const call = await phone.dials('911');
      await call.rtp.hearsTone(answeringHertz, soon());
      await psap.talking[0]?.rtp.hearsTone(phoneHertz, soon());
      await call.holds();
      expect(psap.talking[0]?.rtp.remote?.direction).toBe('sendonly');
      await call.resumes();
      await psap.talking[0]?.dialog.hangUp();
      await call.isReleased();
      await phone.close();
      await clinic.checkIdle();
    } finally {
      taken.close();
      await psap.close();
      await clinic.stop();
    }
  },
  180_000,
);
