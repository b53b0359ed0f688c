import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Role, ServerMessage } from '../../app/api-types.ts';
import { LiveCalls } from '../../app/live-calls.ts';
import { appendAudit } from '../../db/audit.ts';
import { seedRouting } from '../../db/seed-routes.ts';
import { buildConsole, haveChromium, startBrowser } from '../support/browser.ts';
import { startCable } from '../support/cable.ts';
import { aCall, aCandidate, aCard } from '../support/calls.ts';
import { startTestHttp, type TestHttp, testPassword } from '../support/http.ts';

if (!haveChromium)
  console.warn('LEFT OUT: the console in a browser. Install chromium (apt) or set CHARTLINE_CHROMIUM.');
const suite = haveChromium ? describe : describe.skip;

const wellHealth = { signaling: true, media: true, database: true, ehr: true, recorder: true };
type AxeResult = { violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] };

suite('the console in Chromium', () => {
  let built: Awaited<ReturnType<typeof buildConsole>>;
  let browser: Browser;
  let http: TestHttp;
  let contexts: BrowserContext[];
  /** What the page complained about: script errors, console errors, breaches of the content security policy. */
  let complaints: string[];

  beforeAll(async () => {
    built = await buildConsole();
    browser = await startBrowser();
    // Ended calls leave at once: tests do not see each other's.
    http = await startTestHttp({ consoleDist: built.dist, calls: new LiveCalls({ endedLingerMs: 0 }) });
  });
  afterAll(async () => {
    await browser?.close();
    await http?.close();
    await built?.remove();
  });
  beforeEach(() => {
    complaints = [];
    contexts = [];
    http.calls.setHealth(wellHealth);
  });
  afterEach(async () => {
    for (const { callId } of http.calls.snapshot().calls) end(callId);
    await Promise.all(contexts.map((context) => context.close()));
  });

  const end = (callId: string) =>
    http.calls.update(callId, (now) =>
      now.state === 'ended' ? now : { ...now, state: 'ended', outcome: 'talked', endedAt: new Date().toISOString() },
    );

  /** A page in a browser profile of its own; with a role, logged in (the form has its own test, and logins are limited). */
  async function newPage(role: Role | null, url = http.url): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
    contexts.push(context);
    await context.addInitScript(
      `addEventListener('securitypolicyviolation', (e) => console.error('CSP', e.violatedDirective, e.blockedURI))`,
    );
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    if (role) {
      const [name = '', value = ''] = (await http.login(role)).split(/=(.*)/s);
      await context.addCookies([{ name, value, url }]);
    }
    return page;
  }

  async function open(role: Role): Promise<Page> {
    const page = await newPage(role);
    await page.goto(http.url);
    await page.getByText('No call right now').waitFor();
    return page;
  }

  async function accessible(page: Page, what: string): Promise<void> {
    await page.evaluate(axe.source);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor({ state: 'attached' });
      // Contrast is measured when colours and dialogs have finished fading.
      await page.evaluate('Promise.all(document.getAnimations().map(({ finished }) => finished)).then(() => 0)');
      const result = (await page.evaluate(
        `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
      )) as AxeResult;
      const found = result.violations.map(({ id, nodes }) => ({
        id,
        where: nodes.map((n) => n.html + n.failureSummary),
      }));
      expect({ what, colorScheme, found }).toEqual({ what, colorScheme, found: [] });
    }
  }

  test('logging in: a wrong password is told, the right one opens the live page, logging out leaves no name behind', async () => {
    const page = await newPage(null);
    await page.goto(http.url);
    await page.getByLabel('Login').fill('nurse');
    const password = page.locator('input[name=password]');
    await password.fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('login or password is wrong').waitFor();
    await accessible(page, 'login');
    await password.fill(testPassword);
    await page.keyboard.press('Enter');
    await page.getByText('No call right now').waitFor();

    http.calls.start(aCall());
    await page.getByRole('heading', { name: /Maria Alvarez/ }).waitFor();
    await page.getByRole('button', { name: /Dana nurse/ }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(await page.content()).not.toMatch(/Maria|Metformin/);
  });

  test('a ringing call shows who, what matters and why before it is answered, follows it, and clears', async () => {
    const page = await open('nurse');
    const call = aCall();
    await page.evaluate(`
      window.popped = new Promise((done) => new MutationObserver(() => {
        if (document.body.textContent.includes('Maria Alvarez')) done(Date.now());
      }).observe(document.body, { childList: true, subtree: true, characterData: true }));
      0`);
    const startedAt = Date.now();
    http.calls.start(call);
    const tookMs = ((await page.evaluate('window.popped')) as number) - startedAt;
    expect(tookMs).toBeLessThan(1_000);

    const card = page.getByRole('article');
    const words = await card.textContent();
    for (const word of [
      'Maria Alvarez',
      '67',
      '“Mari”',
      'she/her',
      'Medication refill',
      'Allergies',
      'Penicillin severe, anaphylaxis',
      'Type 2 diabetes',
      'Metformin 500 mg',
      '142/88 mmHg',
      'Diabetes follow-up',
      'Foot exam',
      'Potassium, not yet reviewed',
      'Ringing Dr Elena Ruiz (ext 201)',
      'Recording',
      'Known patient to PCP',
    ]) {
      expect(words).toContain(word);
    }
    const fontSize = (await page.evaluate(`getComputedStyle(document.querySelector('article h2')).fontSize`)) as string;
    expect(Number.parseFloat(fontSize)).toBeGreaterThanOrEqual(40);
    await accessible(page, 'ringing');

    await page.reload();
    await card.getByText('Ringing Dr Elena Ruiz').waitFor();
    http.calls.update(call.callId, (now) => ({
      ...now,
      state: 'talking',
      talkingSince: new Date().toISOString(),
      answeredBy: 'Dr Elena Ruiz (ext 201)',
    }));
    await card.getByText('Talking to Dr Elena Ruiz').waitFor();
    end(call.callId);
    await card.getByText('Answered').waitFor();
    await page.getByText('No call right now').waitFor({ timeout: 15_000 });
    expect(await page.content()).not.toMatch(/Maria|Metformin/);
    expect(complaints).toEqual([]);
  });

  test('several patients on one number: a digit chooses, the chart follows, a spoken check is kept, a wrong one is undone', async () => {
    const page = await open('nurse');
    const colleague = await open('supervisor');
    const call = aCall({
      match: 'several',
      assurance: 0,
      patientId: null,
      card: null,
      candidates: [
        aCandidate(),
        aCandidate({ patientId: 'pat-luis', name: 'Luis Alvarez', because: 'result waiting' }),
      ],
    });
    http.calls.start(call);
    await page.getByText('One of 2 people?').first().waitFor();
    expect(await page.content()).not.toMatch(/Metformin/);
    await accessible(page, 'several');

    await page.keyboard.press('2');
    await page.getByRole('heading', { name: /Luis Alvarez/ }).waitFor();
    await page.getByText('Likely: one factor checked').waitFor();
    http.calls.update(call.callId, (now) => ({ ...now, card: aCard({ patientId: 'pat-luis' }) }));
    await page.getByText('Metformin 500 mg').waitFor();
    await colleague.getByText('Metformin 500 mg').waitFor();

    await page.keyboard.press('c');
    await page.getByText('Verified by staff').waitFor();
    await page.getByText('Dana nurse checked birth date').waitFor();
    await page.keyboard.press('w');
    await page
      .getByRole('button', { name: /Maria Alvarez/ })
      .first()
      .waitFor();
    expect(await page.content()).not.toMatch(/Metformin/);
    expect(http.identified.slice(-3).map(({ patientId, assurance }) => [patientId, assurance])).toEqual([
      ['pat-luis', 2],
      ['pat-luis', 4],
      [null, 0],
    ]);
    expect(complaints).toEqual([]);
  });

  test('an unknown caller can be found by name from the keyboard', async () => {
    await http.pool.query(
      `insert into patient_identity (patient_id, name, birth_date) values ('pat-ada', 'Ada O''Neil', '1980-02-29')`,
    );
    const page = await open('front-desk');
    http.calls.start(aCall({ match: 'none', assurance: 0, candidates: [], patientId: null, card: null }));
    await page.getByRole('heading', { name: 'Unknown caller' }).waitFor();
    await page.keyboard.press('/');
    await page.getByLabel(/Name, birth date/).fill('ada');
    await page.getByRole('button', { name: /Ada O'Neil/ }).waitFor();
    await accessible(page, 'search');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /Ada O'Neil/ }).waitFor();
  });

  test('the front desk is told that there are allergies, and nothing clinical reaches its browser', async () => {
    const page = await open('front-desk');
    const frames: string[] = [];
    page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => frames.push(String(payload))));
    await page.reload();
    http.calls.start(aCall());
    await page.getByText('On file: confirm identity to see them').waitFor();
    expect(`${frames} ${await page.content()}`).not.toMatch(/Metformin|Penicillin|diabetes|Potassium|142\/88/i);
    await accessible(page, 'front desk');
  });

  test('a pulled cable: the page says so, and afterwards has had every message once and in order', async () => {
    const cable = await startCable(Number(new URL(http.url).port));
    const page = await newPage('nurse', cable.url);
    const sequences: number[] = [];
    const kinds: string[] = [];
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        const message = JSON.parse(String(payload)) as ServerMessage;
        if (message.kind === 'beat') return;
        kinds.push(message.kind);
        sequences.push(message.sequence);
      }),
    );
    await page.goto(cable.url);
    await page.getByText('No call right now').waitFor();
    const call = aCall({ candidates: [aCandidate({ name: 'Before the cut' })] });
    http.calls.start(call);
    await page.getByRole('heading', { name: /Before the cut/ }).waitFor();

    cable.cut();
    await page.getByText('this screen catches up by itself').waitFor();
    for (const intent of ['billing', 'results', 'urgent'])
      http.calls.update(call.callId, (now) => ({ ...now, intent }));
    cable.mend();
    await page.getByText('Urgent').first().waitFor({ timeout: 20_000 });
    await page.getByText('this screen catches up by itself').waitFor({ state: 'detached' });
    expect(kinds.filter((kind) => kind === 'snapshot')).toHaveLength(1);
    expect(sequences).toEqual(sequences.map((_, i) => (sequences[0] ?? 0) + i));
    expect(sequences.at(-1)).toBe(http.calls.sequence);
    await page.close();
    await cable.close();
  });

  test('hostile names and chart texts stay text', async () => {
    const page = await open('nurse');
    const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
    const fresh = <T>(v: T) => ({ state: 'fresh', asOf: new Date().toISOString(), value: v }) as const;
    http.calls.start(
      aCall({
        callerName: evil,
        lineName: evil,
        intent: evil,
        ringing: [evil],
        assuranceBecause: evil,
        decision: { rule: evil, because: evil },
        candidates: [aCandidate({ name: `Eve ${evil}`, gender: evil, mrn: evil, because: evil })],
        card: aCard({
          preferredName: fresh(evil),
          language: fresh('not a language <b>'),
          problems: fresh([{ text: evil, main: true }]),
          allergies: fresh([{ text: evil, criticality: evil, reaction: evil }]),
          openItems: fresh([{ kind: 'task', text: evil, at: null }]),
        }),
      }),
    );
    await page.getByRole('heading', { name: /Eve <img/ }).waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('article img').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('what is sick is said in plain words, and what still works', async () => {
    const page = await open('nurse');
    http.calls.setHealth({ ...wellHealth, ehr: false, recorder: false });
    await page.getByText('The health record cannot be reached').waitFor();
    await page.getByText('Calls go on and are not recorded').waitFor();
    http.calls.start(aCall({ card: aCard({ medications: { state: 'unavailable', reason: 'timeout' } }) }));
    await page.getByText('Chart unavailable').waitFor();
    await accessible(page, 'sick');
    http.calls.setHealth(wellHealth);
    await page.getByText('The health record cannot be reached').waitFor({ state: 'detached' });
  });

  test('a supervisor sees how the phone system is set up and asks what would happen to a call', async () => {
    await seedRouting(http.pool, 'America/New_York');
    await http.pool.query(
      `insert into line (number, name, time_zone) values ('+12025550100', 'Main line', 'America/New_York')`,
    );
    const page = await open('supervisor');
    await page.getByRole('link', { name: 'Phone system' }).click();
    await page.getByRole('heading', { name: 'Rules' }).waitFor();
    await page.getByLabel('About').selectOption('refill');
    await page.getByLabel('Caller', { exact: true }).selectOption('known');
    await page.getByLabel(/^When/).fill('2026-11-24T10:00');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('Why it went there').click();
    await page.getByText('applied: intent refill').waitFor();
    await accessible(page, 'phone system');
    expect(complaints).toEqual([]);
  });

  test('911 dialled in the house is on every screen until the call ends', async () => {
    const pages = await Promise.all([open('front-desk'), open('admin')]);
    const emergency = { service: '911', callbackNumber: '+12025550100', location: 'Exam room 3' } as const;
    const call = aCall({ emergency, callerName: 'June Alvarado', candidates: [], patientId: null, card: null });
    http.calls.start(call);
    for (const page of pages) {
      const alert = page.getByRole('alert').filter({ hasText: '911 has been called from here' });
      await alert.getByText('Exam room 3').waitFor();
      await accessible(page, 'emergency');
    }
    end(call.callId);
    for (const page of pages) await page.getByText('911 has been called').waitFor({ state: 'detached' });
  });

  test('a privacy officer searches the audit', async () => {
    for (const action of ['card.shown', 'login'])
      await appendAudit(http.pool, { actor: 'user:nurse', action, subject: 'x' });
    const page = await open('privacy-officer');
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('cell', { name: 'login' }).waitFor();
    await page.getByLabel('Did what').fill('card.');
    await page.keyboard.press('Enter');
    await page.getByRole('cell', { name: 'login' }).waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: 'card.shown' }).waitFor();
    await accessible(page, 'audit');
    expect(complaints).toEqual([]);
  });

  test('every page, dialog and language is accessible, without a complaint from the browser', async () => {
    await seedOneCall(http);
    const page = await open('nurse');
    await accessible(page, 'quiet');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await accessible(page, 'help');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    http.calls.start(aCall());
    await page.keyboard.press('b');
    await page.getByRole('heading', { name: 'Wallboard' }).waitFor();
    await accessible(page, 'wallboard');
    await page.keyboard.press('h');
    await page.getByRole('button', { name: 'Open the call of Hanna Ito' }).click();
    await page.getByText('has a PCP').waitFor();
    await accessible(page, 'call record');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await accessible(page, 'calls');
    await page.getByRole('button', { name: 'Español' }).click();
    await page.getByRole('heading', { name: 'Llamadas' }).waitFor();
    expect(await page.getAttribute('html', 'lang')).toBe('es');
    await page.setViewportSize({ width: 820, height: 1180 });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
  });
});

suite('a restart of the server in mid-call', () => {
  test('the page comes back by itself with the new state, still logged in', async () => {
    const built = await buildConsole();
    let http = await startTestHttp({ consoleDist: built.dist });
    const browser = await startBrowser();
    try {
      const page = await browser.newPage();
      const [name = '', value = ''] = (await http.login('nurse')).split(/=(.*)/s);
      await page.context().addCookies([{ name, value, url: http.url }]);
      await page.goto(http.url);
      const call = aCall();
      http.calls.start(call);
      await page.getByRole('heading', { name: /Maria Alvarez/ }).waitFor();
      http = await http.restart();
      http.calls.start({ ...call, intent: 'billing' });
      await page.getByText('Billing').first().waitFor({ timeout: 20_000 });
    } finally {
      await browser.close();
      await http.close();
      await built.remove();
    }
  });
});

async function seedOneCall(http: TestHttp): Promise<void> {
  const id = '00000000-0000-4000-8000-000000000001';
  await http.pool.query(`insert into patient_identity (patient_id, name) values ('pat-h', 'Hanna Ito')`);
  await http.pool.query(
    `insert into call (id, owner_node, direction, caller_number, match_kind, patient_id, assurance, started_at, ended_at, outcome)
     values ($1, 'node-1', 'inbound', '+12025550143', 'one', 'pat-h', 1, now() - interval '2 minutes', now(), 'talked')`,
    [id],
  );
  await http.pool.query(
    `insert into call_event (call_id, sequence, at, kind) values ($1, 1, now(), 'incoming'), ($1, 2, now(), 'ended')`,
    [id],
  );
  await http.pool.query(
    `insert into decision (call_id, number, at, rules_version, rule_name, facts, steps, reasons, took_us)
     values ($1, 1, now(), 1, 'To the PCP', '{}', '[]', $2, 85)`,
    [id, JSON.stringify([{ ruleId: 1, name: 'To the PCP', applied: true, because: 'has a PCP' }])],
  );
  await http.pool.query(
    `insert into recording (id, call_id, node, started_at, state, path, sample_rate, channels, law, duration_ms)
     values (gen_random_uuid(), $1, 'node-1', now(), 'sealed', 'a/b', 8000, 2, 'PCMU', 61000)`,
    [id],
  );
}
