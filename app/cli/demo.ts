import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { demoCallers, demoClinic } from '../../embedded/demo.ts';
import { type Config, loadConfig } from '../config.ts';
import { type Part, startPart } from '../demo/part.ts';
import { PlacedCall } from '../demo/place-call.ts';
import { consoleAccount, sipAddress } from '../demo/running.ts';
import { startSystem } from '../demo/system.ts';

const talkMs = 4_000;

/** The three calls of the demonstration, by their number in `demoCallers`. */
const shows = [
  { caller: demoCallers[0], keys: '3' },
  { caller: demoCallers[1], keys: '3' },
  { caller: demoCallers[3], keys: '1' },
];

/**
 * `npm run demo`: boots everything, registers desk phones that answer, lets three patients call and tells each call step
 * by step; then it stays up until Ctrl-C.
 */
export async function run(): Promise<number> {
  const config = loadConfig(process.env);
  if (config.DATABASE_URL) {
    console.error('chartline: the demonstration brings its own database; unset DATABASE_URL');
    return 2;
  }
  const system = startSystem((words) => process.stdout.write(words));
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
  let phones: Part | null = null;
  try {
    if (!(await Promise.race([system.ready, aborted(stopping.signal)]))) return await system.ended;
    phones = await startPhones(config, stopping.signal);
    for (const show of shows) await showCall(show, config, stopping.signal);
    console.log(`\nThe console: http://${config.CHARTLINE_HTTP_HOST}:${config.CHARTLINE_HTTP_PORT} (logins above).`);
    console.log('Call again from another terminal with npm run call. Ctrl-C ends all of it.');
    await Promise.race([system.ended, aborted(stopping.signal)]);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  } finally {
    await phones?.stop();
    await system.stop();
  }
  return system.ended;
}

async function startPhones(config: Config, stopping: AbortSignal): Promise<Part> {
  const secrets = JSON.parse(readFileSync(join(config.CHARTLINE_DATA, 'demo-phones.json'), 'utf8')) as Record<
    string,
    string
  >;
  const setting = {
    registrar: sipAddress(config),
    domain: sipAddress(config).address,
    speechFolder: join(config.CHARTLINE_DATA, 'prompts'),
    phones: demoClinic.staff.map(({ extension, name }) => ({
      extension,
      secret: secrets[extension],
      answerAfterMs: 2_000,
      says: `This is ${name.replace(/, RN$/, '').replace('Dr.', 'Doctor')} speaking. How can I help you?`,
      talkMs: null,
    })),
  };
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const env = { ...process.env, CHARTLINE_PHONES: JSON.stringify(setting) };
  const part = startPart('embedded/phone/desk-phones.ts', [], env, ({ event, extension, status }) => {
    if (event === 'ready') resolve();
    if (event === 'registration-refused') console.error(`  extension ${extension} could not register: ${status}`);
  });
  void part.ended.then(() => reject(new Error('the desk phones ended')));
  stopping.addEventListener('abort', () => reject(new Error('stopped')));
  await ready;
  console.log(`\n${setting.phones.length} desk phones are registered and will answer.`);
  return part;
}

async function showCall(
  { caller, keys }: (typeof shows)[number],
  config: Config,
  stopping: AbortSignal,
): Promise<void> {
  console.log(`\n${caller.number}: ${caller.who}`);
  const { address, port } = sipAddress(config);
  const call = new PlacedCall(
    {
      from: caller.number,
      to: demoClinic.mainLine,
      keys,
      law: 'PCMU',
      seconds: 90,
      via: `${address}:${port}`,
      console: consoleAccount(config),
    },
    (line) => console.log(line),
  );
  await Promise.race([call.answeredByStaff, aborted(stopping)]);
  await delay(talkMs, undefined, { signal: stopping }).catch(() => {});
  await call.hangUp();
  await call.ended;
  stopping.throwIfAborted();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
