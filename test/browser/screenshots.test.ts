import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { seedRouting } from '../../db/seed-routes.ts';
import { buildConsole, haveChromium, startBrowser } from '../support/browser.ts';
import { aCall, aCandidate } from '../support/calls.ts';
import { startTestHttp, type TestHttp, testPassword } from '../support/http.ts';

/*
 * Pictures of the pages for the documentation and for looking at: CHARTLINE_SCREENSHOTS=docs/screenshots.
 */
const folder = process.env.CHARTLINE_SCREENSHOTS;
const describeWhen = haveChromium && folder ? describe : describe.skip;

describeWhen('screenshots', () => {
  let http: TestHttp;
  let browser: Browser;
  let page: Page;
  let removeDist: () => Promise<void>;

  beforeAll(async () => {
    const built = await buildConsole();
    removeDist = built.remove;
    http = await startTestHttp({ consoleDist: built.dist });
    await http.pool.query(
      `insert into extension (number, display_name, ha1_md5, ha1_sha256, realm)
       values ('201', 'Dr Ruiz', repeat('0', 32), repeat('0', 64), 'clinic.example');
       insert into staff (name, extension) values ('Dana', '201');
       update user_account set name = 'Dana Whitfield', staff_id = (select id from staff limit 1) where login = 'nurse'`,
    );
    await seedHistory(http);
    http.calls.setHealth({ signaling: true, media: true, database: true, ehr: true, recorder: true });
    browser = await startBrowser();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light', locale: 'en-US' });
    await mkdir(folder ?? '', { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await http?.close();
    await removeDist?.();
  });

  const shoot = async (name: string) => {
    await page.mouse.move(5, 5);
    await page.evaluate('document.fonts.ready.then(() => true)');
    await page.waitForTimeout(350);
    await page.screenshot({ path: join(folder ?? '', `${name}.png`) });
  };

  test('every page', async () => {
    const seconds = (ago: number) => new Date(Date.now() - ago * 1_000).toISOString();
    await page.goto(http.url);
    await page.getByLabel('Login').fill('nurse');
    await shoot('login');
    await page.getByLabel('Password', { exact: true }).first().fill(testPassword);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('No call right now').waitFor();
    await shoot('quiet');

    const known = aCall({ startedAt: seconds(9) });
    http.calls.start(known);
    http.calls.start(
      aCall({
        startedAt: seconds(74),
        state: 'talking',
        talkingSince: seconds(58),
        answeredBy: 'Front desk (ext 210)',
        extensions: ['210'],
        intent: 'appointment',
        candidates: [aCandidate({ patientId: 'p2', name: 'Thomas Okafor', ageYears: 41 })],
        patientId: 'p2',
        card: null,
      }),
    );
    await page.getByText('Maria Alvarez').first().waitFor();
    await shoot('ringing');
    await page.emulateMedia({ colorScheme: 'dark' });
    await shoot('ringing-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1280, height: 800 });
    await shoot('ringing-1280');
    await page.setViewportSize({ width: 820, height: 1180 });
    await shoot('ringing-tablet');
    await page.setViewportSize({ width: 1440, height: 900 });

    http.calls.update(known.callId, (now) => ({
      ...now,
      match: 'several',
      assurance: 0,
      assuranceBecause: null,
      patientId: null,
      card: null,
      candidates: [
        aCandidate({ because: 'visit tomorrow with Dr Ruiz' }),
        aCandidate({
          patientId: 'p3',
          name: 'Luis Alvarez',
          ageYears: 70,
          gender: 'male',
          birthDate: '1956-07-02',
          mrn: 'MRN-10235',
          because: 'result waiting since Friday',
        }),
        aCandidate({
          patientId: 'p4',
          name: 'Sofia Alvarez',
          ageYears: 9,
          birthDate: '2017-01-20',
          mrn: 'MRN-11872',
          relation: 'household',
          heldBy: 'grandmother',
          because: 'same household',
        }),
      ],
    }));
    await page.getByText('One of 3 people?').first().waitFor();
    await shoot('several');
    await page.keyboard.press('/');
    await page.getByText('Find the patient').first().waitFor();
    await shoot('search');
    await page.keyboard.press('Escape');

    http.calls.update(known.callId, (now) => ({ ...now, match: 'none', candidates: [], recording: 'broken' }));
    http.calls.setHealth({ signaling: true, media: true, database: true, ehr: false, recorder: true });
    await page.getByText('Unknown caller').first().waitFor();
    await shoot('unknown-ehr-away');
    http.calls.setHealth({ signaling: true, media: true, database: true, ehr: true, recorder: true });

    await page.getByRole('link', { name: 'Wallboard' }).click();
    await shoot('wallboard');
    await page.getByRole('link', { name: 'Calls' }).click();
    await page.getByRole('table').waitFor();
    await shoot('calls');
    await page.getByRole('row').nth(1).click();
    await page.getByText('Why it went there').waitFor();
    await shoot('call-record');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await seedRouting(http.pool, 'America/New_York');
    await http.pool.query(
      `insert into line (number, name, time_zone) values ('+12025550100', 'Main line', 'America/New_York')`,
    );
    const [name = '', value = ''] = (await http.login('supervisor')).split(/=(.*)/s);
    await page.context().addCookies([{ name, value, url: http.url }]);
    await page.goto(`${http.url}/setup`);
    await page.getByLabel('About').selectOption('refill');
    await page.getByLabel('Caller', { exact: true }).selectOption('known');
    await page.getByLabel(/^When/).fill('2026-11-24T10:00');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('Why it went there').waitFor();
    await shoot('phone-system');
    expect(await page.title()).toContain('Chartline');
  });
});

async function seedHistory(http: TestHttp): Promise<void> {
  const people = [
    'Hanna Ito',
    'Grace Mbeki',
    'Peter Novak',
    'Aisha Rahman',
    null,
    'John Whitehorse',
    'Rosa Delgado',
    null,
  ];
  const outcomes = ['talked', 'talked', 'abandoned', 'talked', 'unanswered', 'talked', 'voicemail', 'talked'];
  const intents = ['refill', 'appointment', 'clinical', 'results', null, 'billing', 'appointment', 'operator'];
  for (const [i, name] of people.entries()) {
    const id = `00000000-0000-4000-8000-00000000000${i}`;
    if (name) await http.pool.query('insert into patient_identity (patient_id, name) values ($1, $2)', [`h${i}`, name]);
    const start = new Date(Date.now() - (i + 1) * 540_000);
    await http.pool.query(
      `insert into call (id, owner_node, direction, caller_number, match_kind, patient_id, assurance, started_at, ended_at, outcome, intent, answered_by)
       values ($1, 'node-1', 'inbound', $2, $3, $4, 1, $5, $6, $7, $8, $9)`,
      [
        id,
        `+120255501${String(20 + i)}`,
        name ? 'one' : 'none',
        name && `h${i}`,
        start,
        new Date(start.getTime() + 70_000 + i * 23_000),
        outcomes[i],
        intents[i],
        outcomes[i] === 'talked' ? 'Dr Elena Ruiz (ext 201)' : null,
      ],
    );
    for (const [sequence, kind] of [
      'arrived',
      'identified',
      'answered',
      'charted',
      'decided',
      'ringing',
      'bridged',
      'ended',
    ].entries()) {
      await http.pool.query('insert into call_event (call_id, sequence, at, kind) values ($1, $2, $3, $4)', [
        id,
        sequence + 1,
        new Date(start.getTime() + sequence * 1_830),
        kind,
      ]);
    }
    await http.pool.query(
      `insert into decision (call_id, number, at, rules_version, rule_name, facts, steps, reasons, took_us)
       values ($1, 1, $2, 3, 'Known patient to PCP', '{}', '[]', $3, 64)`,
      [
        id,
        start,
        JSON.stringify([
          { name: 'Urgent to nurse triage', applied: false, because: 'the caller did not choose urgent' },
          { name: 'Known patient to PCP', applied: true, because: 'Dr Ruiz is available and registered' },
        ]),
      ],
    );
    await http.pool.query(
      `insert into recording (id, call_id, node, started_at, state, path, sample_rate, channels, law, duration_ms)
       values (gen_random_uuid(), $1, 'node-1', $2, 'sealed', $3, 8000, 2, 'PCMU', 61000)`,
      [id, start, `x/${i}`],
    );
  }
}
