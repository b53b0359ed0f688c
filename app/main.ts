import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { appendAudit, type Json } from '../db/audit.ts';
import { type AbandonedLeg, outboundMinutes } from '../db/calls.ts';
import { openPool } from '../db/db.ts';
import type { IvrContent } from '../db/ivr.ts';
import { saveBindings } from '../db/registrations.ts';
import { defaultPrompts, mainMenu } from '../db/seed-prompts.ts';
import { openEhr } from '../ehr/open.ts';
import { connectFreeswitch } from '../media/freeswitch.ts';
import { Prompts } from '../media/prompts.ts';
import { openSpeech } from '../media/speech/speech.ts';
import { ReaderClient } from '../recordings/reader-client.ts';
import { Recorder } from '../recordings/recorder.ts';
import { decide } from '../routing/decide.ts';
import type { Region } from '../sip/address.ts';
import { DigestAuthority } from '../sip/digest.ts';
import { connectDrachtio } from '../sip/drachtio.ts';
import { Registrar } from '../sip/registrar.ts';
import type { Audit } from './audit.ts';
import { AbandonedCalls } from './calls/abandoned.ts';
import { type CallDeps, Occupancy, TrunkCalls } from './calls/deps.ts';
import { isEmergency } from './calls/dial-plan.ts';
import { drainCalls } from './calls/drain.ts';
import { identifiedByStaff } from './calls/identify.ts';
import { Journal } from './calls/journal.ts';
import { takeCall } from './calls/take.ts';
import { Takeable } from './calls/takeable.ts';
import { loadConfig } from './config.ts';
import { prepareDatabase } from './database.ts';
import { dryRun } from './dry-run.ts';
import { ehrSettings } from './ehr-settings.ts';
import { surviveFaults } from './faults.ts';
import { watchHealth } from './health.ts';
import { startHttp } from './http/server.ts';
import { loadKeys } from './keys.ts';
import { LiveCalls } from './live-calls.ts';
import { LiveConsent } from './live-consent.ts';
import { openLiveRules } from './live-rules.ts';
import { openLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import { Queues } from './queues.ts';
import { realm } from './realm.ts';
import { TrunkHealth } from './trunk-health.ts';
import { TrunkRegistrations } from './trunk-registrations.ts';
import { startUpkeep } from './upkeep.ts';

/** The composition root: the one place that names every adapter. Prints one line of JSON when calls are taken. */
async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const {
    CHARTLINE_DATA: dataFolder,
    CHARTLINE_NODE: node,
    DATABASE_URL,
    DRACHTIO_HOST,
    FREESWITCH_HOST,
    FHIR_BASE_URL,
  } = config;
  if (!DATABASE_URL || !DRACHTIO_HOST || !FREESWITCH_HOST || !FHIR_BASE_URL)
    throw new Error(
      'the app needs DATABASE_URL, DRACHTIO_HOST, FREESWITCH_HOST and FHIR_BASE_URL; npm start gives them',
    );
  const region = config.CHARTLINE_REGION as Region;
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });

  const log = openLog(config.CHARTLINE_LOG_LEVEL, 'app');
  const metrics = createMetrics();
  surviveFaults(log, metrics);
  const keys = await loadKeys(dataFolder);
  const pool = openPool(DATABASE_URL, {
    onError: (error) => log.warn({ err: error }, 'a database connection was lost'),
  });
  const live = new LiveCalls({ onListenerError: (error) => log.error({ err: error }, 'a screen could not be told') });
  const journal = new Journal({ pool, log });
  const trunkCalls = new TrunkCalls();
  const queues = new Queues({ pool, node, log });

  const phones = () => rules.current().phones;
  const prepared = Promise.withResolvers<readonly AbandonedLeg[]>();
  const registrar = new Registrar({
    authority: new DigestAuthority({ realm, key: keys.digest }),
    edge: node,
    findSecrets: (extension) => phones().secretsOf(extension),
    save: (extension, bindings) => saveBindings(pool, extension, bindings),
    onChange: () => metrics.registrations.set(registrar.count),
    onRefused: (cause) => {
      metrics.refusalsTotal.inc({ cause });
      if (cause === 'auth') metrics.authFailuresTotal.inc();
    },
    onTrouble: (what, cause) => log.error({ err: cause }, what),
  });
  const database = prepareDatabase({
    databaseUrl: DATABASE_URL,
    pool,
    node,
    timeZone: config.CHARTLINE_TIME_ZONE,
    registrar,
    log,
    onReady: (left) => prepared.resolve(left),
  });
  await database.firstTry;

  const rules = await openLiveRules({ databaseUrl: DATABASE_URL, pool, dataDir: dataFolder, region, log });
  const speech = await openSpeech(join(dataFolder, 'prompts'));
  const prompts = new Prompts(speech, spokenTexts(rules.current().ivr), { clinic: config.CHARTLINE_CLINIC });
  const renderPrompts = async (keys?: readonly string[]) => {
    const unspoken = await prompts.render(keys);
    if (unspoken.length > 0) log.error({ prompts: unspoken }, 'prompts that could not be spoken');
  };
  // What every call hears is ready before the first call; the rest follows.
  const rendered = renderPrompts(['greeting', 'recording-notice', mainMenu, 'connecting', 'nobody-available']);
  void renderPrompts();
  rules.onChange(({ ivr }) => {
    prompts.replace(spokenTexts(ivr));
    void renderPrompts();
  });

  const ehr = openEhr({
    ...(await ehrSettings(config)),
    pool,
    onBreaker: (state) => {
      metrics.ehrBreakerOpen.set(state === 'closed' ? 0 : 1);
      log.warn({ state }, 'EHR breaker');
    },
    onSync: ({ state, lastError }) => {
      metrics.phoneIndexFailing.set(state === 'failing' ? 1 : 0);
      log[state === 'failing' ? 'warn' : 'info']({ state, lastError }, 'phone index sync');
    },
    onSetAside: (why) => {
      metrics.writeBacksSetAsideTotal.inc();
      log.error({ why }, 'the EHR refuses a call; npm run ehr -- report');
    },
  });
  void prepared.promise.then(() => {
    ehr.sync.start();
    ehr.writeBack.start();
  });
  const recorder = await Recorder.start({
    db: pool,
    dataFolder,
    clinic: config.CHARTLINE_CLINIC,
    node,
    fork: { host: config.CHARTLINE_FORK_HOST, port: config.CHARTLINE_FORK_PORT },
    log,
    observe: {
      active: (count) => metrics.recordingsActive.set(count),
      broke: () => metrics.recordingFailuresTotal.inc(),
    },
  });

  const signaling = await connectDrachtio(
    {
      host: DRACHTIO_HOST,
      port: config.DRACHTIO_PORT,
      secret: config.DRACHTIO_SECRET ?? '',
      onTrouble: (what, cause) => log.error({ err: cause }, what),
      onConnection: (connected) => log[connected ? 'info' : 'error']({ connected }, 'signaling server'),
    },
    60_000,
  );
  signaling.onRegister((request) => registrar.handle(request));
  const media = await connectFreeswitch(
    signaling.srf,
    {
      host: FREESWITCH_HOST,
      port: config.FREESWITCH_PORT,
      secret: config.FREESWITCH_SECRET ?? '',
      listenHost: config.CHARTLINE_ESL_HOST,
      listenPort: config.CHARTLINE_ESL_PORT,
      onConnection: (connected) => log[connected ? 'info' : 'error']({ connected }, 'media server'),
    },
    60_000,
  );

  const abandoned = new AbandonedCalls({ signaling, media, log });
  void prepared.promise.then((left) => abandoned.take(left));

  const consent = new LiveConsent(pool, log);
  await consent.read();
  const audit: Audit = async ({ detail, ...entry }) => {
    await appendAudit(pool, { ...entry, detail: (detail ?? {}) as Record<string, Json> });
  };
  const trunkHealth = new TrunkHealth({ signaling, trunks: () => phones().outboundTrunks, metrics, log });
  const registrations = new TrunkRegistrations({ signaling, trunks: () => phones().outboundTrunks, metrics, log });
  const deps: CallDeps = {
    node,
    signaling,
    media,
    registrar,
    directory: ehr.directory,
    charts: ehr.charts,
    phones,
    ivr: () => rules.current().ivr,
    prompts,
    decide: (facts) => decide(facts, rules.current().rules),
    consentFor: (about) => consent.decide(about),
    record: (about) => recorder.open(about),
    storeConsent: (given) => journal.record({ kind: 'consent', ...given }),
    trunkCalls,
    trunkHealth,
    outboundMinutesToday: (extension) => outboundMinutes(pool, extension, startOfDay(new Date())),
    busy: new Occupancy(),
    conversations: new Map(),
    takeable: new Takeable(),
    queues,
    audit,
    journal,
    live,
    metrics,
    log,
    identifyMs: config.EHR_IDENTIFY_SECONDS * 1000,
    summaryMs: config.EHR_SUMMARY_SECONDS * 1000,
  };

  await rendered;
  let draining = false;
  signaling.onInvite(async (invite) => {
    if (draining && !isEmergency(invite.dialled)) invite.reject(503, undefined, { 'Retry-After': '30' });
    else await takeCall(invite, deps);
  });

  const health = watchHealth(
    {
      signaling: () => signaling.connected,
      media: () => media.available,
      database: () =>
        pool.query('select 1').then(
          () => true,
          () => false,
        ),
      ehr: () => ehr.available,
      recorder: () => recorder.healthy,
    },
    live,
    log,
  );
  await health.now();
  const http = await startHttp({
    host: config.CHARTLINE_HTTP_HOST,
    port: config.CHARTLINE_HTTP_PORT,
    calls: live,
    db: pool,
    audit,
    reader: new ReaderClient({ dataFolder, port: config.CHARTLINE_READER_PORT }),
    metrics,
    log,
    sessionKey: keys.session,
    consoleDist: fileURLToPath(new URL('../console/dist', import.meta.url)),
    onIdentified: (change) => void identifiedByStaff(change, deps),
    dryRun: (call) => {
      const { rules: inForce, phones: book } = rules.current();
      return dryRun(call, { db: pool, rules: inForce, phones: book, directory: ehr.directory, charts: ehr.charts });
    },
  });

  trunkHealth.start();
  registrations.follow();
  rules.onChange(() => {
    void trunkHealth.check();
    registrations.follow();
  });
  const upkeep = startUpkeep({ db: pool, dataFolder, log });

  async function stop(): Promise<void> {
    if (draining) return;
    draining = true;
    log.info({ calls: trunkCalls.total }, 'draining');
    const left = await drainCalls(trunkCalls, config.CHARTLINE_DRAIN_SECONDS);
    if (left > 0) log.warn({ calls: left }, 'calls cut at the end of the drain');
    health.close();
    trunkHealth.close();
    await registrations.close();
    queues.close();
    upkeep.close();
    registrar.close();
    consent.close();
    await http.close();
    await media.close();
    await signaling.close();
    await recorder.close();
    await Promise.all([ehr.sync.stop(), ehr.writeBack.stop(), database.close(), rules.close(), speech.close()]);
    await journal.close();
    await pool.end();
    process.exit(0);
  }
  // Whatever cannot be closed properly must not keep the process.
  const end = () =>
    stop().catch((error: unknown) => {
      log.error({ err: error }, 'stopped before everything was closed');
      process.exit(1);
    });
  process.once('SIGTERM', () => void end());
  process.once('SIGINT', () => void end());
  process.stdout.write(`${JSON.stringify({ ready: true, port: http.port })}\n`);
}

/** Midnight in UTC: the day that outside minutes are counted by. */
const startOfDay = (now: Date) => new Date(Math.floor(now.getTime() / 86_400_000) * 86_400_000);

/** The admin's texts, and ours where there is none: a caller hears something even without a database. */
function spokenTexts(ivr: IvrContent): ReadonlyMap<string, string> {
  const ours = Object.entries(defaultPrompts).flatMap(([language, texts]) =>
    Object.entries(texts).map(([key, text]) => [`${key}/${language}`, text] as const),
  );
  return new Map([...ours, ...ivr.prompts]);
}

main().catch((error: unknown) => {
  process.stderr.write(`chartline app: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
